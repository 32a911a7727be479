"""Git's credential helper is asked for ours alone, without a prompt, and told nothing on a line."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanban_sync import git_credentials
from kanban_sync.core.errors import SetupError, SignInError
from repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable

    Configure = Callable[..., None]

URL = "https://planka.example.org"
SECRET = "api-key:12345678_s3cret"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, with an empty configuration of git."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "config"))
    (home / "config").touch()
    return home


@pytest.fixture
def configure(home: Path) -> Configure:
    """Set git's helpers in that home; the last one may be for one URL only."""

    def write(*helpers: str, url: str = "") -> None:
        section = f'credential "{url}"' if url else "credential"
        with (home / "config").open("a") as config:
            config.write(f"[{section}]\n" + "".join(f"\thelper = {each}\n" for each in helpers))

    return write


def script(path: Path, text: str) -> str:
    """Make a program of a shell script, and return how git is told to run it."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


# --- keeping --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "same"),
    [
        (URL, f"{URL}/"),
        (URL, "https://Planka.Example.ORG:443/sub/path"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000/boards/1"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_what_is_kept_for_an_origin_comes_back_for_it(
    configure: Configure, url: str, same: str
) -> None:
    configure("store")
    assert git_credentials.keep(url, SECRET)
    assert git_credentials.ask(same) == SECRET


@pytest.mark.parametrize(
    "other",
    [
        "http://planka.example.org",
        "https://planka.example.org:8443",
        "https://example.org",
        "https://planka.example.org.example.com",
    ],
)
def test_what_is_kept_for_one_origin_is_not_given_for_another(
    configure: Configure, other: str
) -> None:
    configure("store")
    assert git_credentials.keep(URL, SECRET)
    assert git_credentials.ask(other) == ""


def test_what_is_forgotten_is_gone(configure: Configure, home: Path) -> None:
    configure("store")
    assert git_credentials.keep(URL, SECRET)
    assert git_credentials.forget(URL)
    assert git_credentials.ask(URL) == ""
    assert "s3cret" not in (home / ".git-credentials").read_text()


def test_a_newer_secret_takes_the_place_of_the_older(configure: Configure, home: Path) -> None:
    configure("store")
    assert git_credentials.keep(URL, "api-key:older")
    assert git_credentials.keep(URL, SECRET)
    assert git_credentials.ask(URL) == SECRET
    assert "older" not in (home / ".git-credentials").read_text()


def test_a_persons_own_credential_for_the_same_server_is_left_alone(
    configure: Configure, home: Path
) -> None:
    configure("store")
    own = "https://me:forge-password@planka.example.org\n"
    (home / ".git-credentials").write_text(own)
    assert git_credentials.ask(URL) == ""
    assert git_credentials.keep(URL, SECRET)
    assert git_credentials.ask(URL) == SECRET
    assert git_credentials.forget(URL)
    assert (home / ".git-credentials").read_text() == own


def test_an_answer_for_another_user_is_not_used(tmp_path: Path, configure: Configure) -> None:
    configure(script(tmp_path / "helper", "echo username=me; echo password=forge-password"))
    assert git_credentials.ask(URL) == ""


def test_a_helper_that_keeps_nothing_is_noticed(configure: Configure) -> None:
    configure("!true")
    assert not git_credentials.keep(URL, SECRET)


def test_a_helper_that_does_not_forget_is_noticed(tmp_path: Path, configure: Configure) -> None:
    configure(script(tmp_path / "helper", f"echo password={SECRET}"))
    assert git_credentials.ask(URL) == SECRET
    assert not git_credentials.forget(URL)


# --- which helper ---------------------------------------------------------------------------------


def test_whether_there_is_a_helper_depends_on_the_url(configure: Configure) -> None:
    assert not git_credentials.has_helper(URL)
    configure("store", url="https://planka.example.org")
    assert git_credentials.has_helper(f"{URL}/sub")
    assert not git_credentials.has_helper("https://other.example.org")
    configure('""', url="https://planka.example.org")
    assert not git_credentials.has_helper(URL)


def test_a_repository_cannot_choose_the_helper(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Repo.init(tmp_path / "r")
    helper = script(tmp_path / "helper", f"touch {tmp_path}/ran; echo password={SECRET}")
    repo.git("config", "credential.helper", helper)
    monkeypatch.chdir(repo.path)
    for variable in (None, str(repo.path / ".git")):
        if variable:
            monkeypatch.setenv("GIT_DIR", variable)
        assert not git_credentials.has_helper(URL)
        assert git_credentials.ask(URL) == ""
    assert not (tmp_path / "ran").exists()


def test_without_git_there_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="install git"):
        git_credentials.ask(URL)


# --- silence --------------------------------------------------------------------------------------


def test_nobody_is_asked_for_anything(
    tmp_path: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    program = script(tmp_path / "askpass", f'echo "$@" >>{asked}; echo {SECRET}')
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, program)
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "1")
    told = f"echo $GCM_INTERACTIVE $GIT_TERMINAL_PROMPT >{tmp_path}/told"
    configure(script(tmp_path / "helper", told))
    assert git_credentials.ask(URL) == ""
    assert not asked.exists()
    assert (tmp_path / "told").read_text() == "never 0\n"


def test_a_helper_has_neither_a_terminal_nor_more_to_read(
    tmp_path: Path, configure: Configure
) -> None:
    opens = f"(: </dev/tty) 2>/dev/null && touch {tmp_path}/terminal"
    configure(script(tmp_path / "helper", f"cat >{tmp_path}/read; {opens}"))
    assert git_credentials.ask(URL) == ""
    lines = (tmp_path / "read").read_text().split()
    assert {"protocol=https", "host=planka.example.org", "username=kanban-sync"} <= set(lines)
    assert not (tmp_path / "terminal").exists()


def test_a_helper_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, configure: Configure
) -> None:
    # The second sleep holds the pipe open that the answer comes through.
    hangs = f"sleep 300 & echo $! >{tmp_path}/child; sleep 300"
    configure(script(tmp_path / "helper", hangs))
    with pytest.raises(SignInError, match=r"within 3 s"):
        git_credentials.ask(URL, timeout=3.0)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 30
    while is_alive(child):
        assert time.monotonic() < deadline, "the helper's child is still there"
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    """Tell whether a process is there, and has not only been left unburied by its new parent."""
    try:
        os.kill(process, 0)
        stat = Path(f"/proc/{process}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_no_process_shows_the_secret(
    tmp_path: Path, configure: Configure, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANKA_API_KEY", "s3cret-of-the-environment")
    recorder = script(
        tmp_path / "recorder",
        f"{{ cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; env; }} >>{tmp_path}/seen;"
        f' echo "$@" >>{tmp_path}/calls;'
        f" git credential-store --file={home}/kept $1",
    )
    configure(recorder)
    assert git_credentials.keep(URL, SECRET)
    assert git_credentials.forget(URL)
    seen = (tmp_path / "seen").read_text()
    assert "credential approve" in seen
    assert "s3cret" not in seen
    assert (tmp_path / "calls").read_text().split() == ["store", "get", "erase", "get"]


def test_what_a_helper_complains_about_is_not_passed_on(
    tmp_path: Path, configure: Configure, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(script(tmp_path / "helper", f"echo {SECRET} >&2; touch {tmp_path}/ran; false"))
    assert git_credentials.ask(URL) == ""
    assert (tmp_path / "ran").exists()
    assert capfd.readouterr() == ("", "")


def test_a_secret_in_any_writing_comes_back_as_it_was(configure: Configure) -> None:
    configure("store")
    secret = "token:" + "".join(map(chr, range(33, 127)))
    assert git_credentials.keep(URL, secret)
    assert git_credentials.ask(URL) == secret
