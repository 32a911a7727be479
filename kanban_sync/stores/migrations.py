"""The schema of the database, as numbered steps that are applied once, in order, all or none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kanban_sync.core.errors import NewerStoreError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = Path(__file__).with_name("schema")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its SQL has no transaction, and each statement ends its line."""

    number: int
    sql: str


def migrations(kind: str) -> tuple[Migration, ...]:
    """Return the steps that this release knows for ``sqlite`` or ``postgres``, in order."""
    files = sorted((SCHEMA / kind).glob("[0-9]*.sql"))
    return tuple(Migration(int(each.name[:4]), each.read_text(encoding="utf-8")) for each in files)


def check(found: int, name: object, steps: Sequence[Migration]) -> None:
    """Refuse a schema that only a later release understands.

    Args:
        found: The number of the last step that was applied.
        name: What the database is called in the message.
        steps: Those that this release knows.

    Raises:
        NewerStoreError: Naming both versions.
    """
    newest = steps[-1].number
    if found > newest:
        raise NewerStoreError(
            f"{name} was made by a newer kanban-sync (schema {found}; this one knows {newest}). "
            "Upgrade kanban-sync on this machine; the database is untouched."
        )


def check_current(found: int, name: object, steps: Sequence[Migration], *, remedy: str) -> None:
    """Refuse every schema but this release's; ``remedy`` says how an older one is upgraded.

    Raises:
        StoreError: Saying which release has to do what.
    """
    check(found, name, steps)
    if found < steps[-1].number:
        raise StoreError(
            f"{name} was made by an older kanban-sync (schema {found}; this one knows "
            f"{steps[-1].number}). {remedy}"
        )
