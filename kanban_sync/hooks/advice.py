"""What there is to say about a hooks folder: why it is left alone, and what to do then."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from kanban_sync.hooks import HOOKS

if TYPE_CHECKING:
    from kanban_sync.hooks.place import HooksPlace

ENTRY = "kanban-sync-hook"
"""The program that a hook of somebody else calls to start a sync."""

LINE = f'command -v {ENTRY} >/dev/null && {ENTRY} "$@" || true'
"""What to write into a hook that everybody shares: silent and well for who lacks the program."""

_UNCHANGEABLE = "command"
"""The scope of a setting that comes with the command or the environment: it wins over any other."""


class Refusal(NamedTuple):
    """Why nothing is installed without force, and the shortest remedy."""

    text: str
    remedy: str


def refusal(place: HooksPlace) -> Refusal | None:
    """Return why the hooks folder is left alone, None if there is no reason."""
    if not place.inside:
        force = "kanban-sync install --force"
        text = (
            f"Nothing was installed: {_led_by(place)}, which other repositories may use as well. "
            f"Either run `{force}`, which serves every repository there that has a kanban-sync "
            f"folder{_or_own_folder(place)}."
        )
        return Refusal(text, force)
    if place.is_huskys:
        line = f"the line `{LINE}` to each of {', '.join(HOOKS)} in {place.folder.parent}"
        text = f"Nothing was installed: husky writes {place.folder} anew. Add {line}."
        return Refusal(text, f"add {line}")
    return None


def notes(place: HooksPlace) -> tuple[str, ...]:
    """Return what to know of hooks that were installed where core.hooksPath says."""
    setting = place.hooks_path
    if setting is None:
        return ()
    said: list[str] = []
    if not place.folder.resolve().is_relative_to(place.common.resolve()):
        said.append(
            f"core.hooksPath ({setting}) is in force, so the hooks lie in {place.folder}. "
            "They name paths of this machine: keep them out of commits."
        )
    if setting.relative:
        command = f"git config core.hooksPath {shlex.quote(str(place.folder))}"
        said.append(
            f"core.hooksPath ({setting}) is relative: a linked work tree has no hooks until you "
            f"run `kanban-sync install` there too. Or let all use these: `{command}`."
        )
    return tuple(said)


def _led_by(place: HooksPlace) -> str:
    """Tell what makes git look for hooks outside of the repository."""
    link = f"{place.folder} is a link to {place.folder.resolve()}"
    if place.hooks_path is None:
        return link
    setting = f"core.hooksPath ({place.hooks_path}) points to {place.folder}"
    return f"{setting}, and {link}" if place.folder.is_symlink() else setting


def _or_own_folder(place: HooksPlace) -> str:
    """Tell how to give the repository a hooks folder that is its own, where a setting can."""
    setting = place.hooks_path
    if setting is not None and setting.scope == _UNCHANGEABLE:
        return ""
    own = place.common / "hooks"
    if own.is_symlink():
        own = place.common / "own-hooks"
    worktree = "--worktree " if setting is not None and setting.scope == "worktree" else ""
    command = f"git config {worktree}core.hooksPath {shlex.quote(str(own))}"
    return (
        f", or run `{command}` and then `kanban-sync install`: this repository then has hooks of "
        "its own, and no longer runs those there"
    )
