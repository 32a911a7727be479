"""``kanban-sync demo``: commits in a throw-away repository, and what a board makes of them.

It is a test of the real thing: real git, the installed hooks and their detached process, and a
server that behaves as Planka does. Only the loopback is used.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from kanban_sync.cli import demo_files as files
from kanban_sync.cli.console import say
from kanban_sync.cli.demo_board import difference, read_board, show_board
from kanban_sync.cli.demo_world import InterruptedDemoError, Stop, World
from kanban_sync.core.errors import KanbanSyncError
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanban_sync.cli.demo_board import Shown

PROJECT, BOARD = "Bookshop", "Development"

RESET, SEARCH, DARK = "add-password-reset", "speed-up-search", "add-dark-mode"
KEYS, LOGS = "Rotate the signing keys", "Tidy the build logs"


@dataclass(frozen=True)
class Step:
    """One thing that people do: what is edited, then the command that is measured."""

    title: str
    prepare: Callable[[World], None]
    command: tuple[str, ...] = ("git", "commit", "--quiet", "--message", "Go on")
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """What the board has to show differently afterwards."""

    @property
    def name(self) -> str:
        """What people call the command."""
        words = self.command[:2] + (("--rebase",) if "--rebase" in self.command else ())
        return " ".join(words)


def _tick_a_box(world: World) -> None:
    world.tick(files.RESET_TASKS, "1.2")


def _change_no_task(world: World) -> None:
    world.edit(files.README, "A shop for books.", "A shop for old books.")


def _propose(world: World) -> None:
    world.write(files.PROPOSAL)


def _tick_the_last_box(world: World) -> None:
    world.tick(files.SEARCH_TASKS, "2.2")


def _archive(world: World) -> None:
    world.run("git", "mv", files.SEARCH, f"{files.ARCHIVE}/2026-03-02-speed-up-search")


def _claim(world: World) -> None:
    world.edit(files.TASKS, f"- [ ] {KEYS}", f"- [ ] {KEYS} (@ada)")


def _complete(world: World) -> None:
    text = (world.repository / files.TASKS).read_text("utf-8")
    block = text[text.index(f"- [ ] {KEYS}") : text.index("## P3")]
    world.edit(files.TASKS, block, "")


def _work_on_a_branch(world: World) -> None:
    world.run("git", "switch", "--quiet", "--create", "mail")
    for number in ("2.1", "2.2"):
        world.tick(files.RESET_TASKS, number)
        world.commit(f"Do {number}")
    world.run("git", "switch", "--quiet", "main")


def _work_beside_a_colleague(world: World) -> None:
    world.run("git", "clone", "--quiet", str(world.repository), str(world.colleague))
    world.write(files.PLAN, folder=world.colleague)
    world.commit("Plan dark mode", folder=world.colleague)
    world.tick(files.RESET_TASKS, "3.1")
    world.commit("Test with an account that does not exist")


STEPS = (
    Step("a box is ticked", _tick_a_box, changes={RESET: ("In Progress", "2/5")}),
    Step("a commit without tasks", _change_no_task),
    Step("a new change is proposed", _propose, changes={DARK: ("Planning", "")}),
    Step("the last box is ticked", _tick_the_last_box, changes={SEARCH: ("Review", "4/4")}),
    Step("that change is archived", _archive, changes={SEARCH: ("Done", "4/4")}),
    Step("a task of TASKS.md is claimed", _claim, changes={KEYS: ("In Progress", "")}),
    Step("that task is done and removed", _complete, changes={KEYS: ("Done", "")}),
    Step(
        "a branch with two commits is merged",
        _work_on_a_branch,
        ("git", "merge", "--quiet", "--no-ff", "--no-edit", "mail"),
        {RESET: ("In Progress", "4/5")},
    ),
    Step(
        "own work is rebased onto a colleague's",
        _work_beside_a_colleague,
        ("git", "pull", "--quiet", "--rebase", "../colleague", "main"),
        {RESET: ("Review", "5/5"), DARK: ("In Progress", "0/3")},
    ),
)

AT_FIRST: Shown = {
    LOGS: ("Backlog", ""),
    KEYS: ("To Do", ""),
    RESET: ("In Progress", "1/5"),
    SEARCH: ("In Progress", "3/4"),
}


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the repository behind, to look around in it.")
def command(*, keep: bool) -> None:
    """Show on a throw-away repository what happens after each commit.

    Nothing of yours is read or changed, and no network is used. Exit code 1: the board did not
    show what it should.
    """
    began = time.monotonic()
    try:
        with Stop() as stop, Standin() as server, World(stop, keep=keep) as world:
            if keep:
                say(f"everything lies in {world.folder}, and stays there")
            count = _play(world, server)
    except InterruptedDemoError as error:
        click.echo(f"kanban-sync: {error}", err=True)
        raise click.exceptions.Exit(error.exit_code) from error
    seconds = time.monotonic() - began
    say(f"all {count} steps ended as they should, in {seconds:.1f} s")


def _play(world: World, server: Standin) -> int:
    """Do the steps one by one, each shown and checked; return how many there were."""
    board = _begin(world, server)
    for number, step in enumerate(STEPS, start=1):
        board = _take(world, server, step, number, board)
    return len(STEPS)


def _begin(world: World, server: Standin) -> Shown:
    world.environment |= {"PLANKA_URL": server.url, "PLANKA_API_KEY": server.api_key}
    world.run("git", "init", "--quiet")
    world.write(files.START)
    world.commit("Begin")
    took = world.program("init", "--yes", "--project", PROJECT, "--board", BOARD)
    world.wait_until_synced()
    count = len(server.requests)
    board = read_board(server, BOARD)
    say(f"'kanban-sync init' found 2 changes and 2 tasks: {took:.1f} s, {count} requests")
    show_board(board, {})
    _compare("'kanban-sync init'", AT_FIRST, board, world)
    world.commit("Add the settings of kanban-sync")
    world.wait_until_synced()
    return board


def _take(world: World, server: Standin, step: Step, number: int, before: Shown) -> Shown:
    step.prepare(world)
    world.run("git", "add", "--all")
    world.wait_until_synced()
    server.clear_log()
    asked = world.requests()
    began = time.monotonic()
    took = world.run(*step.command)
    world.wait_until_synced()
    seconds = time.monotonic() - began
    count, is_asked = len(server.requests), world.requests() > asked
    board = read_board(server, BOARD)
    what = f"on the board after {seconds:.1f} s, {count} requests to the server"
    said = what if is_asked else "no sync was started"
    say(f"\n{number}. {step.title}: '{step.name}' took {took * 1000:.0f} ms, {said}")
    if step.changes:
        show_board(board, before)
    where = f"step {number} ({step.title})"
    _compare(where, {**before, **step.changes}, board, world)
    if is_asked != bool(step.changes):
        text = "the hook noticed nothing" if step.changes else "a sync ran without a reason"
        raise KanbanSyncError(f"after {where}: {text}")
    return board


def _compare(where: str, wanted: Shown, shown: Shown, world: World) -> None:
    wrong = difference(wanted, shown)
    if wrong:
        text = f"after {where} the board is not as it should be: {wrong}{world.last_words()}"
        raise KanbanSyncError(text)
