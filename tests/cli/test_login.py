"""What `login` binds to a server opens that server, from every clone, until `logout`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from boards.canned import Canned, CannedServer
from cli.program import BOARD, NOBODY, PROGRAM, PROJECT, Clone, run_program
from kanban_sync.standin.server import Standin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.program import Answer

PASSWORD = "correct horse"
SIGN_IN = ("POST", "/api/access-tokens")
SIGN_OUT = ("DELETE", "/api/access-tokens/me")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a person whose git has no credential helper yet."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "config"))
    (home / "config").write_text("[user]\n\tname = P\n\temail = p@example.org\n")
    return home


@pytest.fixture
def helper(home: Path) -> Callable[[str], None]:
    """Set git's credential helper in that home."""

    def configure(helper: str) -> None:
        with (home / "config").open("a") as config:
            config.write(f"[credential]\n\thelper = {helper}\n")

    return configure


@pytest.fixture
def kept(home: Path, helper: Callable[[str], None]) -> Path:
    """The file of git's helper `store`, which is set."""
    helper("store")
    return home / ".git-credentials"


@pytest.fixture
def calls(tmp_path: Path, home: Path, helper: Callable[[str], None]) -> Path:
    """A file with what each process of the machine was called with, at each call of the helper."""
    calls = tmp_path / "calls"
    script = tmp_path / "recorder"
    script.write_text(
        f'#!/bin/sh\necho "helper: $1" >>{calls}\n'
        # Not `ps`: it cuts its lines at $COLUMNS, and a bare Debian has none.
        f"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >>{calls}\nenv >>{calls}\n"
        f"exec git credential-store --file={home}/kept $1\n"
    )
    script.chmod(0o755)
    helper(str(script))
    return calls


def asked(calls: Path) -> int:
    """Return how often the helper was asked."""
    return calls.read_text().count("helper: get") if calls.exists() else 0


def login(server: Standin, home: Path, *options: str, secret: str | None = None) -> Answer:
    """Run `login` outside of any repository, with the key on stdin."""
    given = server.api_key if secret is None else secret
    answer = run_program("login", server.url, *options, folder=home, answers=f"{given}\n")
    assert given not in answer.out + answer.err
    return answer


def logout(server: Standin, home: Path) -> Answer:
    return run_program("logout", server.url, folder=home)


def add_robot(server: Standin, *, has_accepted: bool = True) -> str:
    """Make a user with a password, and return the name."""
    state = server.state
    with state.lock:
        user = state.insert_user("robot", "Robot", role="projectOwner")
        state.credentials.set_password(user["id"], PASSWORD)
        if has_accepted:
            state.credentials.accept(state.credentials.ask_for_terms(user["id"]))
    return "robot"


def token_in(kept: Path) -> str:
    """Return the one token that the helper keeps."""
    [line] = kept.read_text().split()
    assert "kanban-sync:token%3a" in line
    return line.partition("%3a")[2].partition("@")[0]


def is_good(server: Standin, token: str) -> bool:
    return server.state.credentials.by_token(token, None) is not None


# --- what it is for -------------------------------------------------------------------------------


def test_a_clone_needs_nothing_in_the_environment_after_login(
    clone: Clone, home: Path, kept: Path
) -> None:
    answer = login(clone.server, home)
    assert answer.code == 0, answer.err
    assert "knows you as demo" in answer.out

    names = ("--url", clone.server.url, "--project", PROJECT, "--board", BOARD)
    answer = clone.program("init", "--yes", *names, env={})
    assert answer.code == 0, answer.err
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "settings")
    clone.write("TASKS.md", "# Tasks\n\n- [x] Rotate the keys\n  - **ID**: rotate-keys\n")
    clone.git("commit", "--quiet", "--all", "--message", "by a hook")
    clone.wait_until_synced()

    assert clone.cards()["Rotate the keys"] == "Done"
    assert kept.stat().st_mode & 0o077 == 0


def test_a_secret_is_in_nothing_that_the_program_prints_or_writes(
    clone: Clone, home: Path, kept: Path
) -> None:
    login(clone.server, home)
    clone.name_board()
    clone.program("allow", "--yes", env={})
    said = [
        clone.program(*arguments, env={})
        for arguments in (
            ("sync", "--json"),
            ("status", "--json"),
            ("doctor", "--json"),
            ("doctor",),
            ("log", "--json"),
        )
    ]
    written = [path for path in clone.path.rglob("*") if path.is_file()]
    assert said[0].code == 0, said[0].err
    assert all(clone.server.api_key not in answer.out + answer.err for answer in said)
    assert all(clone.server.api_key.encode() not in path.read_bytes() for path in written)
    assert "the API key in git's credential helper is for" in said[3].out


@pytest.mark.usefixtures("started_anew")
def test_no_process_shows_a_secret(clone: Clone, home: Path, calls: Path) -> None:
    add_robot(clone.server)
    login(clone.server, home, "--user", "robot", secret=PASSWORD)
    login(clone.server, home)
    clone.name_board()
    clone.program("sync", env={"PLANKA_USERNAME": "x", "PLANKA_PASSWORD": "other-s3cret"})
    seen = calls.read_text()
    assert f"login {clone.server.url}" in seen
    for secret in (clone.server.api_key, PASSWORD, "other-s3cret", "token:"):
        assert secret not in seen


def test_the_helper_is_asked_once_and_only_for_a_request(
    clone: Clone, home: Path, calls: Path
) -> None:
    login(clone.server, home)
    clone.name_board()
    calls.unlink()
    clone.program("allow", "--yes", env={})
    assert asked(calls) == 0
    assert clone.program("sync", env={}).code == 0
    assert asked(calls) == 1
    # What was made is looked at once more; then nothing is new, so nothing is requested.
    for _ in range(2):
        assert clone.program("sync", env={}).code == 0
        assert asked(calls) == 2
    assert clone.program("sync", "--force", env=clone.key).code == 0
    assert asked(calls) == 2


@pytest.mark.parametrize("elsewhere", ["helper", "environment", "nowhere"])
def test_a_server_that_only_the_repository_names_is_not_asked(
    clone: Clone, home: Path, kept: Path, elsewhere: str
) -> None:
    environment: dict[str, str] = {}
    with Standin() as other:
        if elsewhere == "helper":
            login(other, home)
        if elsewhere == "environment":
            # The URL of the variable is a setting too: it is the one that is asked then.
            environment = {"PLANKA_API_KEY": other.api_key}
        kept.touch()
        kept.write_text(
            f"{kept.read_text()}http://me:forge-s3cret@127.0.0.1%3a{clone.server.port}\n"
        )
        clone.name_board()
        clone.program("allow", "--yes", env={})
        answer = clone.program("sync", env=environment)
    assert answer.code == 1
    assert clone.server.requests == []
    wanted = "is not sent to" if environment else "there is no key for"
    assert f"{wanted} {clone.server.url}" in answer.err
    assert f"kanban-sync login {clone.server.url}" in answer.err
    assert "s3cret" not in answer.err
    # The task database does not wait for it.
    assert clone.program("status", "--json", env={}).data["tasks"]


def test_doctor_names_login_where_there_is_no_credential(clone: Clone, home: Path) -> None:
    clone.name_board()
    clone.program("allow", "--yes", env={})
    found = clone.program("doctor", "--json", env={}).data["findings"]
    [finding] = [each for each in found if each["name"] == "credential"]
    assert finding["ok"] is False
    assert finding["remedy"].startswith(f"kanban-sync login {clone.server.url}")
    assert clone.server.requests == []


# --- login ----------------------------------------------------------------------------------------


def test_what_the_server_does_not_take_is_not_kept(server: Standin, home: Path, kept: Path) -> None:
    answer = login(server, home, secret="12345678_wrong")
    assert answer.code == 1
    assert "does not accept the credential (the API key that you gave)" in answer.err
    assert not kept.exists()


@pytest.mark.parametrize(("secret", "says"), [("", "nothing was given"), ("a b", "copy it again")])
def test_what_is_no_key_is_sent_nowhere(
    server: Standin, home: Path, kept: Path, secret: str, says: str
) -> None:
    answer = run_program("login", server.url, folder=home, answers=secret)
    assert answer.code == 1
    assert says in answer.err
    assert server.requests == []


def test_without_a_helper_nothing_is_asked_for_nor_stored(server: Standin, home: Path) -> None:
    before = sorted(home.rglob("*"))
    answer = login(server, home)
    assert answer.code == 1
    assert "git has no credential helper" in answer.err
    assert "git config --global credential.helper" in answer.err
    assert "PLANKA_API_KEY" in answer.err
    assert server.requests == []
    assert sorted(home.rglob("*")) == before


def test_a_helper_that_does_not_keep_it_is_told(
    server: Standin, home: Path, helper: Callable[[str], None]
) -> None:
    helper("!true")
    answer = login(server, home)
    assert answer.code == 1
    assert "does not give it back" in answer.err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://planka.example.org", "unencrypted"),
        ("planka.example.org", "https://"),
        ("https://me:s3cret@planka.example.org", "take it out"),
    ],
)
def test_a_url_to_which_no_secret_may_go_is_refused_first(
    home: Path, kept: Path, url: str, says: str
) -> None:
    answer = run_program("login", url, folder=home, answers="key\n")
    assert answer.code == 1
    assert says in answer.err
    assert "s3cret" not in answer.err
    assert not kept.exists()


def test_a_server_that_is_away_ends_with_2_and_keeps_nothing(home: Path, kept: Path) -> None:
    answer = run_program("login", NOBODY, folder=home, answers="key\n")
    assert answer.code == 2
    assert not kept.exists()


def test_a_variable_that_goes_before_is_named(server: Standin, home: Path, kept: Path) -> None:
    given = {"PLANKA_URL": server.url, "PLANKA_API_KEY": server.api_key}
    answer = run_program("login", server.url, folder=home, env=given, answers=server.api_key)
    assert answer.code == 0
    assert "PLANKA_API_KEY is set in this environment, and goes before" in answer.err


TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"


def test_a_key_that_is_typed_is_not_shown(server: Standin, home: Path, kept: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TERMINAL, *PROGRAM, "login", server.url],
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as terminal:
        assert terminal.stdin
        assert terminal.stdout
        shown = b""
        # The question comes once the terminal shows nothing any more.
        while not shown.endswith(b"API key: "):
            more = os.read(terminal.stdout.fileno(), 1)
            assert more, shown
            shown += more
        terminal.stdin.write(server.api_key.encode() + b"\n")
        terminal.stdin.flush()
        shown += terminal.stdout.read()
    assert terminal.returncode == 0, shown
    assert b"knows you as demo" in shown
    assert server.api_key.encode() not in shown
    assert server.api_key in kept.read_text()


# --- passwords and tokens -------------------------------------------------------------------------


def test_of_a_password_only_a_token_is_kept(clone: Clone, home: Path, kept: Path) -> None:
    answer = login(clone.server, home, "--user", add_robot(clone.server), secret=PASSWORD)
    assert answer.code == 0, answer.err
    assert "knows you as robot" in answer.out
    assert "horse" not in kept.read_text()
    assert is_good(clone.server, token_in(kept))
    clone.name_board()
    for _ in range(2):
        assert clone.program("sync", "--project", PROJECT, "--board", BOARD, env={}).code == 0
    assert clone.server.requests.count(SIGN_IN) == 1
    assert SIGN_OUT not in clone.server.requests


def test_a_token_can_be_given_as_it_is(server: Standin, home: Path, kept: Path) -> None:
    with server.state.lock:
        [demo] = server.state.where("users")
        token = server.state.credentials.open_session(demo["id"])
    answer = login(server, home, "--token", secret=token)
    assert answer.code == 0, answer.err
    assert token_in(kept) == token


def test_terms_are_explained_and_nothing_is_kept(server: Standin, home: Path, kept: Path) -> None:
    robot = add_robot(server, has_accepted=False)
    answer = login(server, home, "--user", robot, secret=PASSWORD)
    assert answer.code == 1
    assert "read the terms and accept them" in answer.err
    assert not kept.exists()
    assert [path for _, path in server.requests] == ["/api/bootstrap", "/api/access-tokens"]


def test_a_token_that_cannot_be_kept_is_revoked(
    server: Standin, home: Path, helper: Callable[[str], None]
) -> None:
    helper("!true")
    assert login(server, home, "--user", add_robot(server), secret=PASSWORD).code == 1
    assert server.requests[-1] == SIGN_OUT


@pytest.mark.parametrize("by", ["password", "key"])
def test_the_token_that_was_kept_before_is_revoked(
    server: Standin, home: Path, kept: Path, by: str
) -> None:
    robot = add_robot(server)
    login(server, home, "--user", robot, secret=PASSWORD)
    former = token_in(kept)
    if by == "key":
        assert login(server, home).code == 0
        assert f"api-key%3a{server.api_key}" in kept.read_text()
    else:
        assert login(server, home, "--user", robot, secret=PASSWORD).code == 0
        assert is_good(server, token_in(kept))
    assert not is_good(server, former)


def test_two_kinds_at_once_are_refused(server: Standin, home: Path, kept: Path) -> None:
    assert login(server, home, "--token", "--user", "x").code == 1
    assert server.requests == []


def test_a_password_in_the_environment_signs_in_and_out_again(clone: Clone) -> None:
    given = {
        "PLANKA_URL": clone.server.url,
        "PLANKA_USERNAME": add_robot(clone.server),
        "PLANKA_PASSWORD": PASSWORD,
    }
    answer = clone.program("sync", "--project", PROJECT, "--board", BOARD, env=given)
    assert answer.code == 0, answer.err
    assert clone.server.requests.count(SIGN_IN) == 1
    assert clone.server.requests[0] == SIGN_IN
    assert clone.server.requests[-1] == SIGN_OUT


# --- logout ---------------------------------------------------------------------------------------


def test_logout_forgets_a_key(server: Standin, home: Path, kept: Path) -> None:
    login(server, home)
    answer = logout(server, home)
    assert answer.code == 0, answer.err
    assert "an admin of the Planka can delete the key itself" in answer.out
    assert kept.read_text() == ""
    assert SIGN_OUT not in server.requests


def test_logout_revokes_a_token(server: Standin, home: Path, kept: Path) -> None:
    login(server, home, "--user", add_robot(server), secret=PASSWORD)
    token = token_in(kept)
    answer = logout(server, home)
    assert answer.code == 0, answer.err
    assert "revoked on the server" in answer.out
    assert kept.read_text() == ""
    assert not is_good(server, token)


def test_logout_from_a_server_that_is_away_forgets_and_says_what_stays(
    home: Path, kept: Path
) -> None:
    with Standin() as server:
        login(server, home, "--user", add_robot(server), secret=PASSWORD)
    answer = logout(server, home)
    assert answer.code == 0
    assert "could not be revoked" in answer.err
    assert kept.read_text() == ""


def test_logout_twice_is_no_error(server: Standin, home: Path, kept: Path) -> None:
    login(server, home)
    logout(server, home)
    answer = logout(server, home)
    assert answer.code == 0
    assert "keeps nothing" in answer.out


def test_logout_names_a_variable_that_still_opens_the_server(server: Standin, home: Path) -> None:
    given = {"PLANKA_URL": server.url, "PLANKA_API_KEY": server.api_key}
    answer = run_program("logout", server.url, folder=home, env=given)
    assert "PLANKA_API_KEY is set in this environment" in answer.err


def test_a_helper_that_does_not_forget_is_told(
    server: Standin, home: Path, tmp_path: Path, helper: Callable[[str], None]
) -> None:
    script = tmp_path / "stubborn"
    script.write_text(f"#!/bin/sh\necho password=api-key:{server.api_key}\n")
    script.chmod(0o755)
    helper(str(script))
    assert login(server, home).code == 0
    answer = logout(server, home)
    assert answer.code == 1
    assert "remove the entry of the user kanban-sync" in answer.err
    assert server.api_key not in answer.err


def test_what_is_no_planka_does_not_get_to_see_the_key(home: Path, kept: Path) -> None:
    with CannedServer(Canned(body=b"<html></html>", kind="text/html")) as page:
        answer = run_program("login", page.url, folder=home, answers="the-key\n")
    assert answer.code == 1
    assert "web page" in answer.err
    assert not kept.exists()
    assert [path for _, path, _ in page.seen] == ["/api/bootstrap", "/api/config"]
    assert "the-key" not in str(page.seen)
