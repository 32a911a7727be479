"""What the documents tell their readers to do works, word for word."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from docs.documents import DOCS, TOP, Document, documents, matches, steps
from docs.reader import Reader
from kanban_sync import config
from kanban_sync.cli.demo import STEPS
from kanban_sync.cli.demo_files import START
from kanban_sync.hooks import HOOKS
from kanban_sync.install import HOOK_ID
from kanban_sync.standin.server import Standin
from repos import Repo

if TYPE_CHECKING:
    from pathlib import Path

    from docs.documents import Block

ADDRESSES = ("https://planka.example.org", "http://127.0.0.1:3737")
"""Under these the documents speak of a Planka; the reader finds the stand-in there."""

LANGUAGES = {"console", "sh", "text", "markdown", "yaml", "json"}
"""What a block may be; of these only ``console`` is run."""

NETWORK = "needs the package index, or a repository elsewhere"
SHARED = "docs/how-to/share-database.md"
VALKEY = "docs/how-to/valkey.md"
TEAM = "docs/how-to/run-for-a-team.md"
POOLER = "postgresql://kanban@db.example.org:6432/tasks"
WATCH = "docs/how-to/watch.md"
MONITOR = "docs/how-to/monitor.md"
SERVICES = "asks the service manager of whoever runs the tests"
FILE = "sqlite:///home/ada/.local/state/kanban-sync/tasks.db"
DATABASE = "postgresql://kanban@db.example.org/tasks"
ELSEWHERE = "there is no such server; the test of a shared database has one of its own"

NOT_RUN = {
    ("README.md", "pipx install ."): NETWORK,
    ("README.md", "kanban-sync init --yes"): "the other way of setting up is run below it",
    ("README.md", "pre-commit install --install-hooks"): NETWORK,
    ("docs/how-to/pre-commit.md", "pre-commit install --install-hooks"): NETWORK,
    (
        "docs/how-to/pre-commit.md",
        "pre-commit install --install-hooks " + " ".join(f"-t {hook}" for hook in HOOKS),
    ): NETWORK,
    (
        "docs/how-to/pre-commit.md",
        'command -v kanban-sync-hook >/dev/null && kanban-sync-hook "$@" || true',
    ): "a line of a hook, not of a terminal",
    (
        "docs/tutorial.md",
        ".venv/bin/python -m kanban_sync.standin --port 3737 --api-key practice",
    ): "goes on until it is interrupted; the test brings a server of its own",
    (MONITOR, "kanban-sync monitor"): "goes on until it is interrupted",
    (MONITOR, "kanban-sync task claim --next --wait 10m --agent ada --prefer database"): (
        "a monitor has to run beside it"
    ),
    ("docs/how-to/serve.md", "pipx install '.[gateway]'"): NETWORK,
    ("docs/how-to/serve.md", "kanban-sync serve"): "goes on until it is interrupted",
    (
        "docs/how-to/serve.md",
        "curl -H @header http://127.0.0.1:7464/api/board",
    ): "needs that server",
    (SHARED, "pipx install '.[postgres]'"): NETWORK,
    (VALKEY, "pipx install '.[valkey]'"): NETWORK,
    (VALKEY, "mkdir -p ~/.config/kanban-sync"): ELSEWHERE,
    (VALKEY, "git config --global kanban-sync.valkeyPrefix team:tasks"): ELSEWHERE,
    (WATCH, "pipx install '.[watch]'"): NETWORK,
    (WATCH, "systemctl --user daemon-reload"): SERVICES,
    (WATCH, "launchctl load ~/Library/LaunchAgents/kanban-sync-bookshop.plist"): SERVICES,
    (SHARED, f"git config --global kanban-sync.database {DATABASE}"): ELSEWHERE,
    (SHARED, f"git config --global kanban-sync.database {FILE}"): "the test of it has a file",
    (
        "docs/how-to/json-files.md",
        "git config --global kanban-sync.database file:",
    ): "the tests of it name them in the environment",
    (SHARED, "kanban-sync sync"): ELSEWHERE,
    (SHARED, f"pg_dump --schema=kanban_sync --file=before.sql {DATABASE}"): ELSEWHERE,
    (TEAM, f"git config --global kanban-sync.database {POOLER}"): ELSEWHERE,
}
"""Document and first line of every block of commands that is not run -> why not."""

ALL = documents()
RUN = [each for each in ALL if any(block.language == "console" for block in each.blocks())]


def _named(document: Document) -> str:
    return document.name


def _address(server: Standin, document: Document) -> dict[str, str]:
    """Return what stands in the document for the server's address, and the other way round."""
    used = [each for each in ADDRESSES if each in document.text]
    return dict.fromkeys(used, server.url)


@pytest.mark.parametrize("document", RUN, ids=_named)
def test_every_command_does_what_the_document_says(document: Document, tmp_path: Path) -> None:
    home = tmp_path.resolve()
    repo = Repo.init(home / "bookshop")
    repo.commit("Begin", **START)
    key = re.search(r"PLANKA_API_KEY=(\S+)", document.text)
    # What a document tells its reader to configure stays with this reader.
    git_config = shutil.copy(os.environ["GIT_CONFIG_GLOBAL"], home / ".gitconfig")
    with (
        Standin(api_key=key[1] if key else None) as server,
        Reader(home, repo.path, {"GIT_CONFIG_GLOBAL": str(git_config)}) as reader,
    ):
        names = _address(server, document)
        for block in document.blocks():
            if block.language == "console":
                _follow(document, block, reader, names)
            elif block.title:
                reader.write(block.title, _replaced(block.text, names))


def _follow(document: Document, block: Block, reader: Reader, names: dict[str, str]) -> None:
    for step in steps(block):
        where = f"{document.name}:{step.line}: $ {step.command}"
        code, shown = reader.type(_replaced(step.command, names))
        said = _replaced(shown, {real: name for name, real in names.items()})
        assert code == 0, f"{where}\nended with {code} and said:\n{said}"
        if step.expected:
            wanted = "\n".join(step.expected)
            assert matches(step.expected, said), (
                f"{where}\nshould have said:\n{wanted}\nand said:\n{said}"
            )


def _replaced(text: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def test_commands_that_are_not_run_are_known() -> None:
    found = {
        (document.name, block.text.splitlines()[0])
        for document in ALL
        for block in document.blocks()
        if block.language == "sh"
    }
    assert found == set(NOT_RUN)


@pytest.mark.parametrize("document", ALL, ids=_named)
def test_every_block_says_what_it_is(document: Document) -> None:
    languages = {block.language for block in document.blocks()}
    assert languages <= LANGUAGES


@pytest.mark.parametrize("document", ALL, ids=_named)
def test_every_link_leads_somewhere(document: Document) -> None:
    lost: list[str] = []
    for target in document.links():
        path, _, anchor = target.partition("#")
        file = (document.path.parent / path).resolve() if path else document.path
        if not file.is_file() or (anchor and anchor not in Document(file).anchors()):
            lost.append(target)
    assert lost == []


def test_every_document_can_be_found_from_the_index() -> None:
    index = Document(DOCS / "index.md")
    linked = {(index.path.parent / target.partition("#")[0]).resolve() for target in index.links()}
    assert linked == {each.path for each in ALL} - {TOP / "README.md", index.path}


def test_every_settings_file_that_is_shown_is_accepted() -> None:
    shown = [
        (document, block)
        for document in ALL
        for block in document.blocks()
        if block.title == config.SETTINGS_FILE or block.text.startswith("sources:")
    ]
    assert len(shown) >= 3
    for document, block in shown:
        config.parse(block.text.encode(), f"{document.name}:{block.line}")


def test_every_framework_configuration_that_is_shown_runs_our_hook_in_all_four_hooks() -> None:
    shown = [
        YAML(typ="safe").load(block.text)
        for document in ALL
        for block in document.blocks()
        if block.title == ".pre-commit-config.yaml"
    ]
    assert len(shown) == 2
    offered = YAML(typ="safe").load((TOP / ".pre-commit-hooks.yaml").read_text())
    for configuration in shown:
        assert set(HOOKS) <= set(configuration["default_install_hook_types"])
        (repository,) = configuration["repos"]
        named = [hook["id"] for hook in repository["hooks"]]
        assert named[0] == HOOK_ID == offered[0]["id"]
        assert set(named) <= {hook["id"] for hook in offered}


def test_the_check_runs_for_each_kind_of_file_that_it_reads() -> None:
    offered = YAML(typ="safe").load((TOP / ".pre-commit-hooks.yaml").read_text())
    (pattern,) = (hook["files"] for hook in offered if hook["id"] == "kanban-sync-check")
    for path in (
        "TASKS.md",
        "docs/_kanban.md",
        ".kiro/specs/a/tasks.md",
        "app/openspec/changes/a/tasks.md",
        "openspec/config.yaml",
        "app/openspec/config.yml",
        "state/roadmap.yaml",
        ".mosaic/orchestrator/mission.json",
    ):
        assert re.search(pattern, path), path
    assert not re.search(pattern, "config.yaml")


def test_lefthook_is_told_of_all_four_hooks() -> None:
    (block,) = (
        each
        for each in Document(DOCS / "how-to/pre-commit.md").blocks()
        if each.language == "yaml" and not each.title
    )
    assert tuple(YAML(typ="safe").load(block.text)) == HOOKS


def test_the_demo_is_shown_as_it_is() -> None:
    shown = re.findall(
        r"^(\d+)\. (.+): '(.+)' took", Document(TOP / "README.md").text, re.MULTILINE
    )
    assert shown
    for number, title, name in shown:
        step = STEPS[int(number) - 1]
        assert (title, name) == (step.title, step.name)
