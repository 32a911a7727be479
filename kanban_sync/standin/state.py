"""What the stand-in remembers: records by kind, with ids that rise with time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kanban_sync.standin.credentials import Credentials
from kanban_sync.standin.positions import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Record = dict[str, Any]
"""One thing on a board, with the field names of Planka's JSON."""

# What goes when a record goes: (table, field that names the record).
_CHILDREN: dict[str, tuple[tuple[str, str], ...]] = {
    "boards": (
        ("boardMemberships", "boardId"),
        ("labels", "boardId"),
        ("cards", "boardId"),
        ("lists", "boardId"),
        ("customFieldGroups", "boardId"),
    ),
    "projects": (("projectManagers", "projectId"), ("baseCustomFieldGroups", "projectId")),
    "labels": (("cardLabels", "labelId"),),
    "cards": (
        ("cardMemberships", "cardId"),
        ("cardLabels", "cardId"),
        ("taskLists", "cardId"),
        ("customFieldGroups", "cardId"),
        ("customFieldValues", "cardId"),
        ("attachments", "cardId"),
        ("comments", "cardId"),
        ("actions", "cardId"),
        ("subscriptions", "cardId"),
    ),
    "taskLists": (("tasks", "taskListId"),),
    "customFieldGroups": (
        ("customFields", "customFieldGroupId"),
        ("customFieldValues", "customFieldGroupId"),
    ),
    "customFields": (("customFieldValues", "customFieldId"),),
}
_TABLES = (
    "users",
    "projects",
    "projectManagers",
    "baseCustomFieldGroups",
    "boards",
    "boardMemberships",
    "labels",
    "lists",
    "cards",
    "cardMemberships",
    "cardLabels",
    "taskLists",
    "tasks",
    "customFieldGroups",
    "customFields",
    "customFieldValues",
    "attachments",
    "comments",
    "actions",
    "subscriptions",
)
# An id holds the milliseconds since this moment (2019-08-30T19:00:00Z) and a serial number.
_EPOCH_MS = 1_567_191_600_000
_SERIAL_BITS = 23
_ADMIN_LOCKED = ["email", "password", "name", "role", "username"]


class State:
    """All records of one server.

    Whoever reads or writes holds `lock`.

    Args:
        api_key: The key of the first administrator; one is made up if it is None.
        password: The password of the first administrator.

    """

    def __init__(self, *, api_key: str | None = None, password: str = "demo") -> None:  # noqa: S107 - the server guards nothing: it is a stand-in
        self.lock = threading.RLock()
        self.credentials = Credentials()
        self._tables: dict[str, dict[str, Record]] = {table: {} for table in _TABLES}
        self._last_id = 0
        admin = self.insert_user("demo", "Demo Demo", role="admin", is_default_admin=True)
        self.credentials.set_password(admin["id"], password)
        self.api_key = self.issue_key(admin, api_key)

    def add_user(
        self,
        username: str,
        *,
        role: str = "boardUser",
        api_key: str | None = None,
        password: str | None = None,
    ) -> str:
        """Make a user who never logged in.

        Args:
            username: The name to log in with, also shown on the board.
            role: `boardUser`, `projectOwner` or `admin`.
            api_key: The key the user gets; one is made up if it is None.
            password: The password the user gets; no login with one is possible if it is None.

        Returns:
            The API key of the user.

        """
        with self.lock:
            user = self.insert_user(username, username, role=role)
            if password is not None:
                self.credentials.set_password(user["id"], password)
            return self.issue_key(user, api_key)

    def insert_user(
        self,
        username: str,
        name: str,
        *,
        role: str,
        email: str | None = None,
        is_default_admin: bool = False,
    ) -> Record:
        """Store a user without password and key."""
        return self.insert(
            "users",
            email=email or f"{username}@demo.demo",
            role=role,
            name=name,
            username=username,
            phone=None,
            organization=None,
            language="en-US",
            apiKeyPrefix=None,
            subscribeToOwnCards=False,
            subscribeToCardWhenCommenting=True,
            turnOffRecentCardHighlighting=False,
            enableFavoritesByDefault=True,
            defaultEditorMode="wysiwyg",
            defaultHomeView="groupedProjects",
            defaultProjectsOrder="byDefault",
            isSsoUser=False,
            isDeactivated=False,
            avatar=None,
            isDefaultAdmin=is_default_admin,
            lockedFieldNames=list(_ADMIN_LOCKED) if is_default_admin else [],
        )

    def issue_key(self, user: Record, key: str | None = None) -> str:
        """Give a user a new API key; the old one is worthless at once."""
        key = self.credentials.issue_key(user["id"], key)
        self.update(user, apiKeyPrefix=key.partition("_")[0])
        return key

    def insert(self, table: str, **fields: object) -> Record:
        """Store a new record and return it."""
        record: Record = {
            "id": self._new_id(),
            "createdAt": now(),
            "updatedAt": None,
            **fields,
        }
        self._tables[table][record["id"]] = record
        return record

    def update(self, record: Record, **fields: object) -> None:
        """Change a record; `updatedAt` moves even if nothing else does."""
        record.update(fields, updatedAt=now())

    def find(self, table: str, record_id: object) -> Record | None:
        """Return a record by id, or None."""
        return self._tables[table].get(str(record_id))

    def where(self, table: str, **equal: object) -> list[Record]:
        """Return the records whose fields have these values, oldest first."""
        wanted = list(equal.items())
        return [
            record
            for record in self._tables[table].values()
            if all(record[field] == value for field, value in wanted)
        ]

    def among(self, table: str, field: str, values: Iterable[object]) -> list[Record]:
        """Return the records whose field has one of these values, oldest first."""
        wanted = set(values)
        return [record for record in self._tables[table].values() if record[field] in wanted]

    def remove(self, table: str, record: Record) -> None:
        """Delete a record for good, with everything that hangs on it."""
        self._tables[table].pop(record["id"], None)
        for child, field in _CHILDREN.get(table, ()):
            for orphan in self.where(child, **{field: record["id"]}):
                self.remove(child, orphan)

    def place(self, siblings: Iterable[Record], wanted: float) -> float:
        """Find the position of a record, moving its siblings where they leave no room."""
        ranked = in_order(sibling for sibling in siblings if sibling["position"] is not None)
        placement = place(wanted, [sibling["position"] for sibling in ranked])
        for sibling, position in zip(ranked, placement.siblings, strict=True):
            if sibling["position"] != position:
                self.update(sibling, position=position)
        return placement.position

    def _new_id(self) -> str:
        milliseconds = int(datetime.now(UTC).timestamp() * 1000) - _EPOCH_MS
        self._last_id = max(self._last_id + 1, milliseconds << _SERIAL_BITS)
        return str(self._last_id)


def now() -> str:
    """Return the present time as Planka writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def in_order(records: Iterable[Record]) -> list[Record]:
    """Sort records as the board shows them; those without a position come last."""
    return sorted(
        records,
        key=lambda record: (
            record["position"] is None,
            record["position"] or 0,
            int(record["id"]),
        ),
    )


def ids(records: Sequence[Record]) -> list[str]:
    """Return the ids of records."""
    return list(map(itemgetter("id"), records))
