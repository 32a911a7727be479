"""What is sent and answered, as OpenAPI tells it; the names are those of ``--json``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kanban_sync.agents.work import ALONE
from kanban_sync.core.model import Status

LARGEST = (1 << 53) - 1
"""The largest number that whoever reads JSON takes, JavaScript too."""

LONGEST_LEASE = 30 * 86400.0
LONGEST_WAIT = 60.0
PAGE, LARGEST_PAGE = 100, 1000

# PostgreSQL knows no NUL.
Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=50_000, pattern=r"^[^\x00]*$")]
Lines = Annotated[list[Line], Field(max_length=100)]
Agent = Annotated[
    str | None, Field(max_length=100, description="Who works; by default the token's name.")
]
Lease = Annotated[float, Field(gt=0, le=LONGEST_LEASE, description="Seconds of the claim.")]
Wait = Annotated[float, Field(ge=0, le=LONGEST_WAIT, description="Seconds to wait for a task.")]
Number = Annotated[int, Field(ge=0, le=LARGEST)]
Settable = Literal[
    "backlog",
    "todo",
    "planning",
    "in_progress",
    "blocked",
    "review",
    "done",
    "failed",
    "cancelled",
]


class Asked(BaseModel):
    """Something that is sent; a name that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid")


# --- What is sent ---------------------------------------------------------------------------


class Filters(Asked):
    """Which tasks are listed, and from where on."""

    status: list[Status] = []
    every: Annotated[bool, Field(alias="all", description="Also those that are over.")] = False
    source: Lines = []
    tag: Lines = []
    assignee: Annotated[Line | None, Field(description="'' for nobody.")] = None
    parent: Line = ""
    q: Annotated[Line, Field(description="Words that key, title or body hold.")] = ""
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = PAGE
    cursor: Annotated[Line, Field(description="What the answer before said as next.")] = ""


class Ready(Asked):
    """Which of the tasks that can be claimed are wanted, and how long to wait for one."""

    agent: Agent = None
    tag: Lines = []
    prefer: Lines = []
    priority: Line = ""
    source: Lines = []
    parent: Line = ""
    limit: Annotated[int, Field(ge=1, le=PAGE)] = 20
    wait: Wait = 0


class Shown(Asked):
    """Which cards are drawn."""

    key: Annotated[
        list[Line],
        Field(max_length=PAGE, description="Only the cards that show one of these tasks."),
    ] = []


class Named(Asked):
    """Which mission is asked for; all where none is named."""

    name: Annotated[Line, Field(description="Its name, its id, or its file.")] = ""


class Since(Asked):
    """From which event on, and how many."""

    since: Number = 0
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE


class New(Asked):
    """A task to be added."""

    title: Annotated[Line, Field(min_length=1)]
    id: Line = ""
    under: Annotated[Line, Field(description="The heading below which it goes in a file.")] = ""
    priority: Line = ""
    tags: Lines = []
    needs: Lines = []
    body: Text = ""


class Change(Asked):
    """What to set of a task, as ``task set`` does."""

    status: Settable | None = None
    assignee: Annotated[Line | None, Field(description="'' for nobody.")] = None
    reason: Text = ""
    force: Annotated[bool, Field(description="Also against somebody else's claim.")] = False
    agent: Agent = None


class Claim(Asked):
    """Who claims a task, and for how long."""

    agent: Agent = None
    ttl: Lease = ALONE
    orchestrator: Line = ""


class ClaimNext(Claim):
    """Which task is claimed, where it is left open which one."""

    tags: Lines = []
    prefer: Lines = []
    priority: Line = ""
    sources: Lines = []
    parent: Line = ""
    wait: Wait = 0


class Beat(Asked):
    """Whose claim is extended, and for how long from now on."""

    agent: Agent = None
    token: Number = 0
    ttl: Lease = ALONE


class End(Asked):
    """Whose claim ends, and why."""

    agent: Agent = None
    token: Annotated[Number, Field(description="That of the claim; 0 for one's own.")] = 0
    reason: Text = ""


# --- What is answered -----------------------------------------------------------------------


class Waiting(BaseModel):
    """What a task waits for."""

    name: str
    key: str | None
    status: str | None


class Task(BaseModel):
    """One task."""

    key: str
    title: str
    status: str
    source: str
    token: int | None
    agent: str | None
    expires: float | None
    path: str
    line: int
    assignee: str
    priority: str
    tags: list[str]
    parent: str | None
    group: str
    branch: str
    depends_on: list[str]
    waits_for: list[Waiting]
    attempts: int
    reason: str
    started_at: float | None
    body: str
    fields: dict[str, str]


class Event(BaseModel):
    """One thing that happened."""

    id: int
    at: float
    kind: str
    key: str | None
    data: dict[str, Any]


class Related(BaseModel):
    """A task that another one needs, or is needed by; key and status are null if there is none."""

    name: str
    key: str | None
    title: str | None
    status: str | None


class Whole(Task):
    """One task with all that is known of it."""

    history: list[Event]
    dependencies: list[Related]
    needed_by: list[Related]


class InFile(BaseModel):
    """What became of a task in its file."""

    path: str
    line: int
    change: str
    why: str


class Done(Task):
    """A task after something was done; its file says it after ``kanban-sync files write``."""

    file: InFile | None


class Beaten(Task):
    """A task whose claim was extended, with what changed since it was claimed."""

    changed: list[str]


class Tasks(BaseModel):
    """A page of tasks: ``of`` is how many there are, ``next`` the cursor of the next page."""

    tasks: list[Task]
    of: int
    next: str | None


class ReadyTasks(BaseModel):
    """What can be claimed, first what comes first."""

    tasks: list[Task]


class Events(BaseModel):
    """A page of events: ``last`` is the number from which to go on."""

    events: list[Event]
    last: int


class Progress(BaseModel):
    """How many lines of a card are ticked."""

    done: int
    total: int


class Box(BaseModel):
    """A line of a card, which is a task of its own."""

    key: str
    title: str
    status: str
    done: bool
    group: str
    assignee: str


class Card(BaseModel):
    """A card. Where ``editable`` is false its status follows its ``boxes``, as ``follows`` says."""

    key: str
    title: str
    status: str | None
    column: str
    labels: list[str]
    branch: str
    assignee: str
    agent: str | None
    progress: Progress
    updated_at: float | None
    source: str
    editable: bool
    follows: str | None
    boxes: list[Box]
    place: int


class Column(BaseModel):
    """A column: ``id`` never changes, ``name`` is what the settings call it."""

    id: str
    name: str
    cards: list[Card]


class Board(BaseModel):
    """The six columns, a mark of the order of their cards, and the number of the newest event."""

    columns: list[Column]
    layout: str
    last: int


class AtWork(BaseModel):
    """A task in progress, and who works on it."""

    key: str
    agent: str


class Milestone(BaseModel):
    """A milestone: ``done`` of its tasks are done, ``of`` how many that are to be done."""

    key: str
    title: str
    status: str
    done: int
    of: int
    in_progress: list[AtWork]
    blocked: list[str]
    ready: list[str]


class Mission(BaseModel):
    """What one ``mission.json`` is about, and how far it is."""

    name: str
    path: str
    values: dict[str, str]
    files: list[str]
    done: int
    of: int
    milestones: list[Milestone]
    others: list[str]


class Missions(BaseModel):
    """Missions, in the order of their files."""

    missions: list[Mission]


class Project(BaseModel):
    """What is served. ``mode`` is that of ``status``, or ``board`` if one on a server follows."""

    name: str
    id: str
    version: str
    mode: Literal["board", "database", "file", "fallback", "waiting"]
    board_url: str
    counts: dict[str, int]
    last: int
    notes: list[str]


class Synced(BaseModel):
    """What came of a sync."""

    outcome: str
    problem: str = ""


class Session(BaseModel):
    """Whose token was shown, and what it is good for."""

    name: str
    scope: Literal["read", "write"]


class Health(BaseModel):
    """That the server answers."""

    ok: Literal[True]


class Problem(BaseModel):
    """What went wrong (RFC 9457), and what to do now."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    remedy: str
