"""Starts the detached sync of one clone and lets go of the hook that asked for it.

A shim runs this file by its path under ``python -I -S``, with two arguments: the state folder, and
the request line to note in it or an empty one where the shim has noted it already. All that is
imported here is loaded by then anyway, or is built in: the user waits for every millisecond.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CI_WAIT = 20.0
"""Seconds that a hook waits for the sync under CI, where no process outlives the job."""

LOG_LIMIT = 1 << 20
"""Bytes of stray output that are kept; the log of the runs themselves is written elsewhere."""

_KEPT = frozenset(
    (
        "GIT_ASKPASS",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
    )
)
_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_SSL_", "GIT_TRACE")


def _locale() -> str:
    """Return the locale in which git speaks English and bytes beyond ASCII are UTF-8."""
    try:
        import _locale  # noqa: PLC0415 (built in; a Python without it is no reason to fail)

        before = _locale.setlocale(_locale.LC_CTYPE)
        _locale.setlocale(_locale.LC_CTYPE, "C.UTF-8")
        _locale.setlocale(_locale.LC_CTYPE, before)
    except (ImportError, OSError, ValueError):
        # Python itself reads and writes UTF-8 under C (PEP 540).
        return "C"
    return "C.UTF-8"


def clean_environment(environment: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment without what git tells a hook about the repository that fired.

    A process that inherits ``GIT_DIR`` or ``GIT_INDEX_FILE`` reads and writes that repository and
    that index wherever it goes. How git connects and where its configuration lies stays.
    """
    clean = {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    clean.update(GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL=_locale())
    return clean


def _prepare(state: str, request: str) -> None:
    """Make the state folder where there is none yet, and note the request."""
    os.makedirs(state, mode=0o700, exist_ok=True)
    if request:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        requests = os.open(state + "/requests", flags, 0o600)
        os.write(requests, os.fsencode(request) + b"\n")
        os.close(requests)


def open_output(state: str) -> int:
    """Open the file for what the detached process prints although it should not."""
    try:
        os.makedirs(state + "/log", mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        output = os.open(state + "/log/background.out", flags, 0o600)
        if os.fstat(output).st_size > LOG_LIMIT:
            os.truncate(output, 0)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
    return output


def _leaked() -> list[int]:
    """List the open files that the child would inherit and whose readers would wait for it."""
    try:
        numbers = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        numbers = list(range(3, 256))
    leaked = []
    for number in numbers:
        try:
            if number > 2 and os.get_inheritable(number):  # noqa: PLR2004 (the standard streams)
                leaked.append(number)
        except OSError:
            continue  # The descriptor of the listing itself is closed by now.
    return leaked


def _fork(command: list[str], environment: dict[str, str], output: int) -> int:
    """Start the child by hand where posix_spawn knows no new session."""
    ready, running = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            for number in _leaked():
                os.close(number)
            os.execve(command[0], command, environment)  # noqa: S606 (no shell is wanted)
        finally:
            os._exit(127)
    os.close(running)
    # Ends when the child has become another program: before, a closing terminal would kill it.
    os.read(ready, 1)
    return child


def start(command: list[str], environment: dict[str, str], output: int) -> int:
    """Start a command in a session of its own that holds nothing of the caller's; return its id."""
    actions: list[tuple[object, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]
    actions += [(os.POSIX_SPAWN_CLOSE, number) for number in _leaked()]
    try:
        return os.posix_spawn(command[0], command, environment, file_actions=actions, setsid=True)
    except NotImplementedError:
        return _fork(command, environment, output)


def _wait(child: int, seconds: float) -> None:
    """Wait for the child, but not longer than so many seconds."""
    import time  # noqa: PLC0415 (built in, and of use under CI only)

    deadline = time.monotonic() + seconds
    while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.02)


def main(state: str, request: str) -> None:
    """Note the request, start the sync of this state folder, and wait for it only under CI."""
    common = os.path.realpath(os.path.dirname(state))
    state = common + "/" + os.path.basename(state)
    _prepare(state, request)
    if not sys.executable:
        return
    os.chdir(common)
    # sys.executable is the name this ran under: a resolved link would leave the virtualenv.
    command = [sys.executable, "-E", "-P", "-m", "kanban_sync", "background", "--state", state]
    child = start(command, clean_environment(os.environ), open_output(state))
    under_ci = os.environ.get("CI", "").lower() not in {"", "0", "false"}
    if under_ci and os.environ.get("KANBAN_SYNC") != "detach":
        _wait(child, CI_WAIT)


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2])
    finally:
        # Before any traceback: a hook that fails fails the user's checkout.
        os._exit(0)
