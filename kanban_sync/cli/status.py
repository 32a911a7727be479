"""``kanban-sync status``: what was synced, what is pending, what is wrong."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from kanban_sync.cli.console import here, json_option, print_json, say
from kanban_sync.databases import LEFT_REMEDY, Left, Mode, left_text
from kanban_sync.sync.watch_lock import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODES = {"database": "", "file": "  (JSON files, by choice)", "fallback": "  (away)", "waiting": ""}
"""What is told of a database besides its name."""

SHOWN = 5
"""How many keys are named before they are only counted."""


@click.command("status")
@json_option
def command(*, as_json: bool) -> None:
    """Show what was synced, what is pending, and what is wrong.

    Ends with 1 if the task database cannot be read; all else is shown.
    """
    clone = here()
    data = clone.status()
    if as_json:
        print_json(data)
    else:
        for line in _lines(data):
            say(line)
    if data["database_problem"]:
        raise click.exceptions.Exit(1)


def _lines(data: Mapping[str, Any]) -> list[str]:
    # Where a note tells why nothing is read, there are commits.
    branch = data["branch"] or ("nothing" if data["checked_out"] else "no commit yet")
    lines = [f"reads      {branch}  (settings of {data['settings']})"]
    lines += [f"note       {data['checked_out']}"] if data["checked_out"] else []
    wrong = (*data["settings_problems"], *data["unreadable"], *data["branch_problems"])
    lines += [f"problem    {each}" for each in wrong]
    lines.append(f"board      {_board(data)}")
    lines += [f"note       {data['renamed']}"] if data["renamed"] else []
    for name, run in data["last_run"].items():
        label = "board" if name == data["target_id"] else name
        lines.append(f"last run   {label}: {_run(run)}")
        lines += [f"           {line}" for line in run["error"].splitlines()]
    if data["paused"]:
        lines.append("hooks      paused; 'kanban-sync resume' lets them work again")
    lines += _watching(data["watching"])
    count = data["pending_requests"]
    lines.append(f"pending    {count} {'request' if count == 1 else 'requests'}")
    closed = data["state_unwritable"]
    lines += [f"problem    nothing is synced from here: {closed}"] if closed else []
    lines += [f"waits for  {data['held_by']}"] if data["held_by"] else []
    lines.append(f"database   {data['database']}{MODES[data['mode']]}")
    barred = data["database_unwritable"]
    lines += [f"problem    it cannot be written to: {barred}"] if barred else []
    lines += [f"note       {data['database_before']}"] if data["database_before"] else []
    lines += _away(data) + _left(data) + _apart(data)
    lines += _valkey(data["valkey"])
    counts = ", ".join(f"{count} {status}" for status, count in data["tasks"].items())
    problem = data["database_problem"]
    lines.append(f"           {problem}" if problem else f"tasks      {counts or 'none'}")
    if data["branches"]:
        lines.append(f"branches   {_branches(data['branches'])}")
    if data["ahead"]:
        lines.append(f"ahead      {_ahead(data['ahead'])}")
    lines += [f"conflict   {_twofold(each)}" for each in data["twofold"]]
    lines += [f"problem    {each}" for each in data["never_ready"]]
    for each in data["files"]:
        kind = f"{each['source']} {each['dialect']}".rstrip()
        lines.append(f"file       {each['path']}  {each['done']}/{each['tasks']}  {kind}")
        lines += [f"           {problem}" for problem in each["problems"]]
    if data["uncommitted"]:
        names = ", ".join(data["uncommitted"])
        is_read = data["watching"] is not None
        lines.append(f"{'edited     ' if is_read else 'not read   '}{names}  (not committed)")
    return lines


def _watching(watch: Mapping[str, Any] | None) -> list[str]:
    """Tell who watches, and if it says so no more."""
    if watch is None:
        return []
    known = Watch(**watch)
    silent = "" if known.is_alive else f"; silent for {known.silent:.0f} s, so hooks do without it"
    return [f"watched    by {known} ({known.mode}){silent}"]


def _away(data: Mapping[str, Any]) -> list[str]:
    """Tell since when a database does not answer, and how much waits for it."""
    words = Mode(data["mode"], data["away_since"], data["journal"]).words("it")
    return [f"           {words}"] if words else []


def _left(data: Mapping[str, Any]) -> list[str]:
    """Tell what waits for a database that is named no more, and what mends it."""
    lines = left_text([Left(**each) for each in data["left_behind"]]).splitlines()
    remedy = [f"           {LEFT_REMEDY}"] if lines else []
    return [*(f"problem    {each}" for each in lines), *remedy]


def _apart(data: Mapping[str, Any]) -> list[str]:
    """Tell which other clones here keep the tasks of the project elsewhere, and what mends it."""
    places = [f"apart      {each['state']} has {each['database']}" for each in data["apart"]]
    remedy = f"           share one: {data['share']}, then 'kanban-sync sync' in each"
    return [*places, remedy] if places else []


def _valkey(state: Mapping[str, str] | None) -> list[str]:
    """Tell which Valkey is named, and whether it is reached."""
    if state is None:
        return []
    version = f"  ({state['version']})" if state["version"] else ""
    problem = state["problem"].rstrip(".")
    told = f"           {problem}; the database alone serves until that is mended"
    return [f"valkey     {state['name']}{version}", *([told] if problem else [])]


def _branches(counts: Mapping[str, int]) -> str:
    """Tell which branches say of how many tasks what the default branch does not."""
    names = [
        f"{name} ({count} {'task' if count == 1 else 'tasks'})" for name, count in counts.items()
    ]
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _ahead(keys: Sequence[str]) -> str:
    """Tell of which tasks the database has what the files do not say."""
    names = ", ".join(keys[:SHOWN]) + (" …" if len(keys) > SHOWN else "")
    remedy = "'kanban-sync files write' writes it here, a commit settles it"
    return f"{len(keys)} in the database ahead of the file: {names}; {remedy}"


def _twofold(said: Mapping[str, str]) -> str:
    """Tell which two tasks have one id."""
    kept, other = ("file", "database") if said["won"] == "file" else ("database", "file")
    first, second = (said[name].splitlines()[0] for name in (kept, other))
    return (
        f"two clones gave {said['key']} to two tasks: {first!r} is kept, and {second!r} stands in"
        " the other one's file; give that another id there, and commit"
    )


def _board(data: Mapping[str, Any]) -> str:
    target = data["target"]
    if target is None:
        return "none; the task database alone is kept up to date"
    names = f"{target['project']} / {target['board']}"
    if not data["allowed"]:
        return f"{names} at {target['url']}, not allowed yet: run 'kanban-sync allow'"
    return f"{names} at {data['board_url'] or target['url']}"


def _run(run: Mapping[str, Any]) -> str:
    when = datetime.fromtimestamp(run["started_at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    counts = ", ".join(f"{count} {kind}" for kind, count in run["operations"].items())
    return f"{run['result']} at {when} in {run['seconds']:.1f} s  {counts}".rstrip()
