"""The settings: what a user may say, where it is read from, and every mistake in it at once.

They come from the command line, then the environment, then ``.kanban-sync.yaml``, then the
``planka`` part of ``project.yaml``, then the defaults. Secrets never come from a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kanban_sync.address import secret_problem, server_problem
from kanban_sync.core import mapping, values
from kanban_sync.core.errors import SettingsError
from kanban_sync.core.findings import LEVELS, code_problem
from kanban_sync.core.limits import Limits, limit_problem
from kanban_sync.core.liveness import Liveness
from kanban_sync.core.mapping import Drawing
from kanban_sync.core.units import SourceSettings
from kanban_sync.settings_text import entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SETTINGS_FILE = ".kanban-sync.yaml"
PROJECT_FILE = "project.yaml"

ANY = "*"
"""Stands for any name in a key."""

BRANCHES = ("live", "default-only", "current")
ARCHIVED = ("skip", "include")
DIALECTS = ("v1.0", "numbered", "plain", "kanban", "headings", "table")
DRIFT = ("repair", "keep")
SATISFIED_BY = ("any-branch", "default-branch")

PAIRS = ("lists", "labels", "statuses")
"""Parts of the drawing that say something of several names."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What one repository and its user want; '' means that nobody said.

    ``branches`` is ``live`` (all live branches have a say, which are told by ``liveness``),
    ``default-only`` or ``current`` (what is checked out). ``archived`` tells whether changes that
    were archived before the first sync get cards, ``drift`` whether what a person changed of a card
    of ours is repaired; ``satisfied_by`` where a task has to be done for those that need it.
    ``drawing`` is how cards are drawn, and ``links`` where their files are to be seen: an address
    with ``{path}``, or ``none``. ``add_to`` is the file in which new tasks are written. ``check``
    says of codes whether they are errors.

    Raises:
        SettingsError: The URL, whoever named it, holds a user name or password, or the name of
            project or board is none.
    """

    project_id: str = ""
    planka_url: str = ""
    planka_project: str = ""
    planka_board: str = ""
    default_branch: str = ""
    branches: str = "live"
    liveness: Liveness = field(default_factory=Liveness)
    archived: str = "skip"
    drift: str = "repair"
    satisfied_by: str = "any-branch"
    sources: SourceSettings = field(default_factory=SourceSettings)
    drawing: Drawing = field(default_factory=Drawing)
    links: str = ""
    add_to: str = ""
    check: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a secret before it is shown, stored or handed to another process."""
        if problem := secret_problem(self.planka_url):
            raise SettingsError([f"planka.url, PLANKA_URL or --url: {problem}"])
        names = {"project": self.planka_project, "board": self.planka_board}
        problems = {which: values.name_problem(name) for which, name in names.items() if name}
        if any(problems.values()):
            raise SettingsError(
                [
                    f"planka.{which}, PLANKA_{which.upper()} or --{which}: {problem}"
                    for which, problem in problems.items()
                    if problem
                ]
            )

    @property
    def names_a_board(self) -> bool:
        """Whether there is a board to sync: its URL, project and name."""
        return bool(self.planka_url and self.planka_project and self.planka_board)


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of the settings file: which field it sets, and what its value has to be."""

    target: str
    check: Callable[[Any], str]
    """Return '' or what the value has to be."""


KEYS: Mapping[tuple[str, ...], _Key] = {
    ("project_id",): _Key("project_id", values.project_id_problem),
    ("planka", "url"): _Key("planka_url", server_problem),
    ("planka", "project"): _Key("planka_project", values.text_problem),
    ("planka", "board"): _Key("planka_board", values.text_problem),
    ("git", "default_branch"): _Key("default_branch", values.branch_problem),
    ("git", "branches"): _Key("branches", values.one_of(BRANCHES)),
    ("git", "layers"): _Key("liveness.patterns", values.texts_problem),
    ("git", "live_days"): _Key("liveness.days", mapping.days_problem),
    ("git", "remote"): _Key("liveness.remote", values.one_of(("true", "false"))),
    ("sources", "tasks"): _Key("sources.tasks", values.texts_problem),
    ("sources", "openspec"): _Key("sources.openspec", values.texts_problem),
    ("sources", "roadmap"): _Key("sources.roadmap", values.texts_problem),
    ("sources", "mission"): _Key("sources.mission", values.texts_problem),
    ("sources", "dialects", ANY): _Key(f"sources.dialects.{ANY}", values.one_of(DIALECTS)),
    ("sources", "exclude"): _Key("sources.exclude", values.texts_problem),
    ("sources", "archived"): _Key("archived", values.one_of(ARCHIVED)),
    ("sources", "add_to"): _Key("add_to", values.text_problem),
    **{
        ("limits", name): _Key(f"sources.limits.{name}", partial(limit_problem, name))
        for name in Limits._fields
    },
    ("check", ANY): _Key(f"check.{ANY}", values.one_of(LEVELS)),
    ("drift",): _Key("drift", values.one_of(DRIFT)),
    ("satisfied_by",): _Key("satisfied_by", values.one_of(SATISFIED_BY)),
    **{
        ("board", "lists", word): _Key(f"drawing.lists.{word}", mapping.name_problem)
        for word in mapping.COLUMNS
    },
    **{
        ("board", "labels", label): _Key(f"drawing.labels.{label}", mapping.name_problem)
        for label in mapping.OUR_LABELS
    },
    ("board", "statuses", ANY): _Key(f"drawing.statuses.{ANY}", values.one_of(mapping.COLUMNS)),
    ("board", "cards"): _Key("drawing.cards", values.one_of(mapping.CARDS)),
    ("board", "archive_done_after"): _Key("drawing.archive_done_after", mapping.days_problem),
    ("board", "branches"): _Key("drawing.branches", values.one_of(mapping.SHOWN_BRANCHES)),
    ("board", "links"): _Key("links", mapping.links_problem),
}

SECTIONS = {key[:length] for key in KEYS for length in range(1, len(key))}
"""Keys that hold other keys."""

ENVIRONMENT = {
    "PLANKA_URL": "planka_url",
    "PLANKA_PROJECT": "planka_project",
    "PLANKA_BOARD": "planka_board",
}
"""The environment's names of settings; the key (PLANKA_API_KEY) is no setting."""


def parse(data: bytes, name: str, base: Settings | None = None) -> Settings:
    """Read a settings file over ``base``.

    Args:
        data: The file's bytes.
        name: What to call it in messages.
        base: The settings that hold where the file says nothing.

    Raises:
        SettingsError: With every problem, each with its line.
    """
    settings = base or Settings()
    problems: list[str] = []
    lines: dict[tuple[str, ...], int] = {}
    for path, value, line in entries(data, name, SECTIONS, problems):
        if lines.setdefault(path, line) != line:
            problems.append(f"{name}:{line}: {'.'.join(path)} stands in line {lines[path]} already")
            continue
        key = KEYS.get(path) or KEYS.get((*path[:-1], ANY))
        if key is None:
            problems.append(f"{name}:{line}: {_problem_of(path)}")
            continue
        wanted = key.check(value)
        if path[0] == "check" and (problem := code_problem(path[-1])):
            problems.append(f"{name}:{line}: {'.'.join(path)} {problem}")
        elif wanted:
            problems.append(f"{name}:{line}: {'.'.join(path)} has to be {wanted}")
        else:
            settings = _with(settings, key.target.replace(ANY, path[-1]), value)
    for path, problem in mapping.clashes(settings.drawing).items():
        line = lines.get(("board", *path), 1)
        problems.append(f"{name}:{line}: board.{'.'.join(path)} {problem}")
    if problems:
        raise SettingsError(problems)
    return settings


def parse_project_file(data: bytes, base: Settings | None = None) -> Settings:
    """Read ``planka.project`` and ``planka.board`` of a ``project.yaml``; the rest is others'."""
    settings = base or Settings()
    for path, value, _ in entries(data, PROJECT_FILE, SECTIONS, []):
        if path in {("planka", "project"), ("planka", "board")} and not values.text_problem(value):
            settings = _with(settings, KEYS[path].target, value)
    return settings


def from_environment(base: Settings, environment: Mapping[str, str]) -> Settings:
    """Set what the environment says over ``base``.

    Raises:
        SettingsError: One of the variables holds nothing but blanks, or no name.
    """
    for name, target in ENVIRONMENT.items():
        if value := environment.get(name):
            if not value.strip():
                raise SettingsError([f"{name}: it is blank; give a value, or unset it"])
            base = _with(base, target, environment[name])
    return base


def load(
    read: Callable[[str], bytes | None], environment: Mapping[str, str] | None = None
) -> Settings:
    """Read all settings.

    Args:
        read: Name of a file at the top of the repository -> its bytes, None if there is none.
        environment: Variables to read, those of the process if None.

    Raises:
        SettingsError: ``.kanban-sync.yaml`` has problems.
    """
    settings = Settings()
    project_file = read(PROJECT_FILE)
    if project_file is not None:
        settings = parse_project_file(project_file, settings)
    own_file = read(SETTINGS_FILE)
    if own_file is not None:
        settings = parse(own_file, SETTINGS_FILE, settings)
    return from_environment(settings, os.environ if environment is None else environment)


def to_json(settings: Settings) -> dict[str, Any]:
    """Return the settings as plain data, to be recorded in the state folder."""
    plain = {each.name: getattr(settings, each.name) for each in fields(settings)}
    sources = settings.sources
    plain["sources"] = {
        "tasks": list(sources.tasks),
        "openspec": list(sources.openspec),
        "roadmap": list(sources.roadmap),
        "mission": list(sources.mission),
        "exclude": list(sources.exclude),
        "dialects": dict(sources.dialects),
        "limits": sources.limits._asdict(),
    }
    plain["check"] = dict(settings.check)
    plain["liveness"] = settings.liveness.as_said()
    drawing = settings.drawing
    plain["drawing"] = {
        **{part: dict(getattr(drawing, part)) for part in PAIRS},
        "cards": drawing.cards,
        "archive_done_after": drawing.archive_done_after,
        "branches": drawing.branches,
    }
    return plain


def from_json(plain: Mapping[str, Any]) -> Settings:
    """Read back what ``to_json`` wrote; what is missing, or is refused by now, has its default."""
    known = {each.name for each in fields(Settings)} - {"sources", "drawing", "check", "liveness"}
    if secret_problem(str(plain.get("planka_url", ""))):
        # The rest counts: without the project's id each card would be made a second time.
        known.remove("planka_url")
    settings = Settings(**{name: value for name, value in plain.items() if name in known})
    for name, value in plain.get("sources", {}).items():
        for glob, said in value.items() if isinstance(value, dict) else [("", value)]:
            settings = _with(
                settings, f"sources.{name}.{glob}" if glob else f"sources.{name}", said
            )
    for head in ("check", "liveness"):
        for name, value in plain.get(head, {}).items():
            settings = _with(settings, f"{head}.{name}", value)
    for name, value in plain.get("drawing", {}).items():
        for word, said in value.items() if name in PAIRS else [("", value)]:
            target = f"drawing.{name}.{word}" if word else f"drawing.{name}"
            settings = _with(settings, target, said)
    return settings


def _with(settings: Settings, target: str, value: Any) -> Settings:  # noqa: ANN401 - from a file
    head, _, rest = target.partition(".")
    if head == "drawing":
        return replace(settings, drawing=_drawn(settings.drawing, rest, value))
    if head == "liveness":
        return replace(settings, liveness=settings.liveness.said(rest, value))
    if head == "check":
        return replace(settings, check=tuple({**dict(settings.check), rest: value}.items()))
    if rest:
        part, _, name = rest.partition(".")
        more: dict[str, Any] = {part: tuple(value) if not name else value}
        if part == "limits":
            more = {part: settings.sources.limits._replace(**{name: int(value)})}
        elif name:
            more = {part: tuple({**dict(settings.sources.dialects), name: value}.items())}
        return replace(settings, sources=settings.sources._replace(**more))
    plain: dict[str, Any] = {head: value.strip() if isinstance(value, str) else value}
    return replace(settings, **plain)


def _drawn(drawing: Drawing, target: str, value: Any) -> Drawing:  # noqa: ANN401 - as _with's
    part, _, name = target.partition(".")
    said: dict[str, Any] = {part: int(value) if part == "archive_done_after" else value}
    if part in PAIRS:
        said = {part: tuple({**dict(getattr(drawing, part)), name: value.strip()}.items())}
    return replace(drawing, **said)


def _problem_of(path: tuple[str, ...]) -> str:
    """Return what is wrong with a key that sets nothing."""
    written = ".".join(path)
    if path in SECTIONS:
        return f"{written} has to hold settings below it"
    names = [".".join(key) for key in (*KEYS, *sorted(SECTIONS)) if ANY not in key]
    # Here, since few settings files hold a mistake.
    import difflib  # noqa: PLC0415

    close = difflib.get_close_matches(written, names, n=1, cutoff=0.7)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{written} is not a setting{hint}"
