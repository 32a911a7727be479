"""Tokens: who has one comes in, and only a hash of it is kept."""

from __future__ import annotations

import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from cli.program import run_program
from gateway.caller import Gateway, shop
from kanban_sync.core.errors import SetupError
from kanban_sync.doors import sessions
from kanban_sync.doors.sessions import Sessions
from kanban_sync.doors.tokens import Scope, Tokens
from kanban_sync.sync.state_folder import StateFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def test_only_a_hash_is_kept_for_nobody_else_to_read(state: StateFolder) -> None:
    text = Tokens(state, "shop").add("laptop", Scope.READ)
    file = state.path / "tokens.json"
    assert text not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert len(text) >= 43


def test_a_token_is_good_for_its_project_until_it_is_taken_back(state: StateFolder) -> None:
    mine, others = Tokens(state, "shop"), Tokens(state, "office")
    text = mine.add("laptop", Scope.WRITE)
    holder = Tokens(state, "shop").holder(text)
    assert holder
    assert (holder.name, holder.scope) == ("laptop", Scope.WRITE)
    assert others.holder(text) is None
    assert others.all() == []
    with pytest.raises(SetupError, match="token remove laptop"):
        mine.add("laptop", Scope.READ)
    others.add("laptop", Scope.READ)
    with pytest.raises(SetupError, match="token list"):
        mine.remove("desktop")
    mine.remove("laptop")
    assert mine.holder(text) is None
    assert [each.project for each in others.all()] == ["office"]


def test_tokens_that_are_made_at_once_are_all_kept(state: StateFolder) -> None:
    names = [f"t{number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda name: Tokens(state, "shop").add(name, Scope.READ), names))
    kept = Tokens(state, "shop")
    assert sorted(each.name for each in kept.all()) == names
    assert all(kept.holder(text) for text in texts)


def test_a_file_that_cannot_be_read_lets_nobody_in(state: StateFolder) -> None:
    tokens = Tokens(state, "shop")
    text = tokens.add("laptop", Scope.READ)
    (state.path / "tokens.json").write_text('{"tokens": [{"name": "laptop"}]}')
    with pytest.raises(SetupError, match="make new tokens"):
        tokens.holder(text)


def test_a_session_ends_with_its_token_and_after_a_while(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = Tokens(state, "shop")
    kept = Sessions(tokens, "shop", state)
    for name in ("one", "two"):
        tokens.add(name, Scope.READ)
    one, two = tokens.all()
    cookies = [kept.open(each, is_encrypted=False).partition(";")[0] for each in (one, two)]
    assert kept.holder(f'other={{"a": [1, 2]}}; {cookies[0]};b') == one
    assert kept.holder(f"{cookies[0]}x") is None
    assert kept.holder("") is None
    # A server that is started anew knows them, and no file tells them.
    anew = Sessions(Tokens(state, "shop"), "shop", state)
    assert [anew.holder(each) for each in cookies] == [one, two]
    file = state.path / "sessions.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(each.partition("=")[2] not in file.read_text() for each in cookies)
    with monkeypatch.context() as yesterday:
        yesterday.setattr(time, "time", lambda: two.made_at - sessions.LASTS)
        assert kept.holder(cookies[1]) is None
    tokens.remove("one")
    assert [kept.holder(each) for each in cookies] == [None, two]
    kept.open(two, is_encrypted=False)
    assert one.digest not in file.read_text()
    kept.close(cookies[1])
    assert kept.holder(cookies[1]) is None
    monkeypatch.setattr(sessions, "LASTS", 0)
    assert kept.holder(kept.open(two, is_encrypted=False).partition(";")[0]) is None
    assert "; Secure" in kept.open(two, is_encrypted=True)
    file.write_text("{")
    assert anew.holder(cookies[1]) is None


def test_tokens_are_made_listed_and_taken_back_by_commands(tmp_path: Path) -> None:
    repo = shop(tmp_path / "shop")

    def token(*words: str) -> str:
        answer = run_program("serve", "token", *words, folder=repo.path)
        assert answer.code == 0, answer.err
        return answer.out

    assert token("list") == "there is none; 'kanban-sync serve' makes the first one\n"
    nameless = run_program("serve", "token", "add", "", folder=repo.path)
    assert nameless.err == "kanban-sync: The name of a token is empty; give one.\n"
    made = json.loads(token("add", "laptop", "--scope", "write", "--json"))
    assert token("add", "phone").startswith("ks_")
    listed = json.loads(token("list", "--json"))["tokens"]
    assert [(each["name"], each["scope"]) for each in listed] == [
        ("laptop", "write"),
        ("phone", "read"),
    ]
    with Gateway(repo) as gateway:
        # There are some, so that none was made.
        assert gateway.token == ""
        assert "laptop (write), phone (read)" in gateway.errors
        key = gateway.key(made["token"])
        assert gateway.get("session", **key).data == {"name": "laptop", "scope": "write"}
        token("remove", "laptop")
        assert gateway.get("session", **key).kind == "no-token"


def test_a_state_folder_that_cannot_be_written_to_is_named_with_what_helps(
    tmp_path: Path,
) -> None:
    (tmp_path / "tokens.flk").mkdir()
    with pytest.raises(SetupError, match=r"Cannot write .*tokens\.flk.*check its owner"):
        Tokens(StateFolder(tmp_path), "shop").add("laptop", Scope.READ)
