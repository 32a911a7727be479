"""Which files hold a change's tasks: schemas, configuration, metadata, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban_sync.core.ports import SourceSettings
from kanban_sync.sources.openspec import OpenSpec
from kanban_sync.sources.openspec_globs import is_understood, matches
from kanban_sync.sources.openspec_schema import declared_schema

SCHEMA = """\
name: flow
version: 1
artifacts:
  - id: plan
    generates: plan.md
    description: What to do
    template: plan.md
  - id: tasks
    generates: {generates}
    description: Steps
    template: tasks.md
    requires: [plan]
{apply}
"""
TRACKED = "apply:\n  requires: [tasks]\n  tracks: {tracks}\n"

FILES = ["tasks.md", "plan.md", "work/a.md", "work/deep/b.md", "work/.c.md", "work/d.txt"]


def schema(generates: str = "work/**/*.md", apply: str = "") -> str:
    return SCHEMA.format(generates=generates, apply=apply)


def tracked(
    own: str | None, metadata: str | None = "schema: flow\n", config: str | None = None
) -> list[str]:
    """Return the task files of a change, relative to its folder."""
    change = "openspec/changes/a/"
    texts = {change + name: "" for name in FILES}
    if own is not None:
        texts["openspec/schemas/flow/schema.yaml"] = own
    if metadata is not None:
        texts[change + ".openspec.yaml"] = metadata
    if config is not None:
        texts["openspec/config.yaml"] = config
    (unit,) = OpenSpec().units(
        {path: path for path in texts}, lambda blob: texts[blob].encode(), SourceSettings()
    )
    return [file.path.removeprefix(change) for file in unit.files]


@pytest.mark.parametrize(
    ("generates", "files"),
    [
        ("work/**/*.md", ["work/a.md", "work/deep/b.md"]),
        ("work/*.md", ["work/a.md"]),
        ("work/?.md", ["work/a.md"]),
        ("work/[ab].md", ["work/a.md"]),
        ("work/**", ["work/a.md", "work/d.txt", "work/deep/b.md"]),
        ("'*/{a,x}.{md,txt}'", ["work/a.md"]),
        ("'work/@(a|b).md'", ["work/a.md"]),
        ("'+(w|or|k)/a.md'", ["work/a.md"]),
        ("'work/!(b).md'", ["work/.c.md", "work/a.md"]),
        ("'work/{a..c}.md'", ["work/a.md"]),
        ("'work/\\a.md'", ["tasks.md"]),
        ("work/a.md", ["work/a.md"]),
        ("./work//a.md", ["work/a.md"]),
        ("plan.md", ["plan.md"]),
        ("nothing/*.md", ["tasks.md"]),
        ("../other/tasks.md", ["tasks.md"]),
        ("/etc/tasks.md", ["tasks.md"]),
    ],
)
def test_a_schema_says_which_files_hold_the_tasks(generates: str, files: list[str]) -> None:
    assert tracked(schema(generates)) == files


@pytest.mark.parametrize(
    ("glob", "understood"),
    [
        ("work/{1..3}/@(a|b)*.md", True),
        ("work/(a).md", True),
        ("work/@(a|@(b)).md", False),
        ("work/(a|b)*.md", False),
        ("**/!(a).md", False),
        ("work/{01..03}.md", False),
        ("work/{1..999}.md", False),
    ],
)
def test_a_pattern_is_understood_as_the_cli_does_or_not_at_all(glob: str, understood: bool) -> None:
    assert is_understood(glob) is understood
    assert matches(glob, "work/a.md") is False


@pytest.mark.parametrize(
    ("tracks", "files"),
    [
        ("plan.md", ["plan.md"]),
        ("work/**/*.md", ["work/a.md", "work/deep/b.md"]),
        ("work/a.md", ["tasks.md"]),
        ("null", ["work/a.md", "work/deep/b.md"]),
    ],
)
def test_apply_tracks_selects_the_artifact_that_generates_exactly_that(
    tracks: str, files: list[str]
) -> None:
    assert tracked(schema(apply=TRACKED.format(tracks=tracks))) == files


@pytest.mark.parametrize(
    ("metadata", "config", "is_flow"),
    [
        ("schema: flow", None, True),
        ("schema: flow", "schema: spec-driven", True),
        ("schema: spec-driven", "schema: flow", False),
        (None, "schema: flow", True),
        (None, "schema: flow.yaml", True),
        (None, "schema: unknown", False),
        (None, "schema: [flow]", False),
        (None, "context: |\n  words: here\nschema: flow\n", True),
        (None, "{", False),
        (None, None, False),
    ],
)
def test_a_change_names_its_schema_before_the_configuration_does(
    metadata: str | None, config: str | None, is_flow: bool
) -> None:
    expected = ["plan.md"] if is_flow else ["tasks.md"]

    assert tracked(schema("plan.md"), metadata, config) == expected


METADATA = [
    ("schema: flow\n", True),
    ("schema: flow\ncreated: 2025-01-31\n", True),
    ("schema: flow\r\ncreated: 2025-01-31\r\n", True),
    ("# made by hand\nschema: flow # the short one\n", True),
    ("schema: 'flow'\ncreated: \"2025-01-31\"\n", True),
    ("schema: flow\ngoal: Find things, fast\n", True),
    ("schema: flow\ngoal: >\n  Find things\n  fast: now\n", True),
    ("schema: flow\naffected_areas: [api, web]\n", True),
    ("schema: flow\naffected_areas:\n  - api\nskip_specs: true\n", True),
    ("schema: flow\ninitiative:\n  store: main\n  id: big-thing\n", True),
    ("schema: flow\nunknown: [1, 2]\n", True),
    ("schema: flow\nanchored: &a x\nagain: *a\n", True),
    ("", False),
    ("schema:\n", False),
    ("schema: 1\n", False),
    ("schema: true\n", False),
    ("created: 2025-01-31\n", False),
    ("schema: flow\ncreated: 31.1.2025\n", False),
    ("schema: flow\ncreated: 2025\n", False),
    ("schema: flow\ngoal: ''\n", False),
    ("schema: flow\ngoal: 2\n", False),
    ("schema: flow\nskip_specs: 'yes'\n", False),
    ("schema: flow\nskip_specs: yes\n", False),
    ("schema: flow\nretire_capabilities: 1\n", False),
    ("schema: flow\naffected_areas: api\n", False),
    ("schema: flow\naffected_areas: ['']\n", False),
    ("schema: flow\ninitiative: main\n", False),
    ("schema: flow\ninitiative:\n  store: main\n", False),
    ("schema: flow\ninitiative:\n  store: Main\n  id: x\n", False),
    ("schema: flow\nschema: flow\n", False),
    ("schema: unknown\n", False),
    ("- schema: flow\n", False),
    ("schema: flow\n---\nschema: flow\n", False),
    ("schema: `flow`\n", False),
    ("schema: [flow\n", False),
    ("\x00", False),
]


@pytest.mark.parametrize(("metadata", "is_valid"), METADATA)
def test_invalid_metadata_leads_back_to_tasks_md(metadata: str, is_valid: bool) -> None:
    expected = ["plan.md"] if is_valid else ["tasks.md"]

    assert tracked(schema("plan.md"), metadata, "schema: flow") == expected


WRONG = [
    "{",
    "",
    schema("plan.md").replace("name: flow", "name: ''"),
    schema("plan.md").replace("version: 1", "version: 0"),
    schema("plan.md").replace("version: 1", "version: true"),
    schema("plan.md").replace("version: 1", "version: '1'"),
    schema("plan.md").replace("id: tasks", "id: plan"),
    schema("plan.md").replace("requires: [plan]", "requires: [other]"),
    schema("plan.md").replace("requires: [plan]", "requires: [tasks]"),
    schema("plan.md").replace("requires: [plan]", "requires:"),
    schema("plan.md").replace("    description: Steps\n", ""),
    schema("plan.md").replace("template: tasks.md", "template: ../tasks.md"),
    schema("plan.md", "apply:\n  requires: []\n"),
    schema("plan.md", "apply:\n  requires: [other]\n"),
    schema("plan.md", "apply:\n"),
    "name: flow\nversion: 1\nartifacts: []\n",
]


@pytest.mark.parametrize("own", WRONG)
def test_an_invalid_schema_leads_back_to_tasks_md(own: str) -> None:
    assert tracked(schema("plan.md")) == ["plan.md"]
    assert tracked(own) == ["tasks.md"]


def test_a_schema_of_the_project_may_replace_the_built_in_one() -> None:
    texts = {
        "openspec/schemas/spec-driven/schema.yaml": schema("plan.md"),
        "openspec/changes/a/plan.md": "",
        "openspec/changes/a/tasks.md": "",
    }
    (unit,) = OpenSpec().units(
        {path: path for path in texts}, lambda blob: texts[blob].encode(), SourceSettings()
    )

    assert [file.path for file in unit.files] == ["openspec/changes/a/plan.md"]


def test_a_thousand_aliases_of_aliases_cost_nothing() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 40)]
    bomb = "\n".join(["l0: &l0 [x, x]", *levels, "schema: flow", ""])

    assert tracked(schema("plan.md"), None, bomb) == ["plan.md"]


@given(st.one_of(st.binary(), st.text("schema: flow\n'\"[]{}&*!|>#-\t0").map(str.encode)))
def test_no_metadata_makes_the_reader_fail(metadata: bytes) -> None:
    name = declared_schema(metadata)

    assert name is None or name


WORDS = st.sampled_from(["flow", "a b", "2025-01-01", "true", "null", "1", "0x1f", "1e3", "x-y"])


@given(st.dictionaries(st.sampled_from(["schema", "created", "goal", "skip_specs"]), WORDS))
def test_the_quick_reading_of_plain_lines_agrees_with_the_yaml_library(
    values: dict[str, str],
) -> None:
    plain = "".join(f"{key}: {value}\n" for key, value in values.items())

    # A comment in quotes is beyond the quick reading, and means nothing.
    assert declared_schema(plain.encode()) == declared_schema(f'{plain}# "é"\n'.encode())
