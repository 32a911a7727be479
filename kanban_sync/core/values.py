"""What the value of a setting has to be, in words that go on after "has to be"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanban_sync.core.columns import storable

if TYPE_CHECKING:
    from collections.abc import Callable


def name_problem(name: str) -> str:
    """Return why no project or board can be called so, '' if one can."""
    if not name.strip():
        return "it is blank; give the name, or take it away"
    if storable(name) != name:
        return f"{name!a} is no text in UTF-8; give the name as Planka shows it"
    return ""


def text_problem(value: object) -> str:
    """Return what the value has to be instead of one that is no text, '' if it is one."""
    return "" if isinstance(value, str) and value.strip() else "a text"


def branch_problem(value: object) -> str:
    """Return what the value has to be instead of one that names no branch, '' if it does."""
    is_name = isinstance(value, str) and not text_problem(value)
    is_name = is_name and not str(value).strip().startswith(("refs/", "origin/"))
    is_name = is_name and str(value).strip() != "HEAD"
    return "" if is_name else "the name of a branch alone, such as main (not origin/main)"


def texts_problem(value: object) -> str:
    """Return what the value has to be instead of one that is no list of texts, '' if it is."""
    good = isinstance(value, list) and all(not text_problem(each) for each in value)
    return "" if good else "a list of texts"


def one_of(choices: tuple[str, ...]) -> Callable[[Any], str]:
    """Return a check that a value is one of these."""
    return lambda value: "" if value in choices else f"one of {', '.join(choices)}"


def project_id_problem(value: object) -> str:
    """Return what the value has to be instead of one that is no project id, '' if it is one."""
    good = isinstance(value, str) and value.isalnum() and value.islower() and value.isascii()
    good = good or (isinstance(value, str) and value.isdigit())
    return "" if good else "lower-case letters and digits, as 'kanban-sync init' makes it"
