"""The task database of a clone: which one it is, and what is done with it before it is opened."""

from __future__ import annotations

from kanban_sync.databases.copies import LEFT_REMEDY, Left, left_text
from kanban_sync.databases.last_used import not_told_yet, other_than_before
from kanban_sync.databases.manifests import Manifests
from kanban_sync.databases.named import task_database
from kanban_sync.databases.ports import (
    DATABASE_FILE,
    DATABASE_URL,
    DIRECT_URL,
    SETTING,
    Contents,
    Mode,
    TaskDatabase,
    in_tasks,
)
from kanban_sync.databases.postgres_server import PostgresServer
from kanban_sync.databases.sharing import (
    Sharing,
    database_data,
    is_another,
    left_elsewhere,
    left_of_all,
    notes_here,
    notes_in_use,
    opened,
    refused_files,
    refused_text,
    sharing,
    take_left,
    told_of_another,
    told_once,
)
from kanban_sync.databases.sqlite_file import FILE_SCHEME, SqliteFile

__all__ = [
    "DATABASE_FILE",
    "DATABASE_URL",
    "DIRECT_URL",
    "FILE_SCHEME",
    "LEFT_REMEDY",
    "SETTING",
    "Contents",
    "Left",
    "Manifests",
    "Mode",
    "PostgresServer",
    "Sharing",
    "SqliteFile",
    "TaskDatabase",
    "database_data",
    "in_tasks",
    "is_another",
    "left_elsewhere",
    "left_of_all",
    "left_text",
    "not_told_yet",
    "notes_here",
    "notes_in_use",
    "opened",
    "other_than_before",
    "refused_files",
    "refused_text",
    "sharing",
    "take_left",
    "task_database",
    "told_of_another",
    "told_once",
]
