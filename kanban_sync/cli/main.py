"""The program ``kanban-sync``: finds the command, and turns errors into one clear line."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NoReturn

import click

import kanban_sync
from kanban_sync.cli.ending import end, end_with
from kanban_sync.cli.loading import Loading
from kanban_sync.cli.process import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "allow": "Let hooks of this clone write to the board that the repository names.",
    "background": "",
    "board": "Draw the board's columns in the terminal, from the task database.",
    "check": "Tell what is wrong with task files, before they are committed.",
    "db": "Tell of the task database, or upgrade it.",
    "demo": "Show on a throw-away repository what happens after each commit.",
    "doctor": "Look for what keeps commits from reaching the board, and say the remedy.",
    "events": "Show what happened to tasks; with -f what happens.",
    "files": "List the task files that are read, edit them, or bring them up to date.",
    "init": "Set up this clone: settings, hooks, and the first sync.",
    "install": "Put the git hooks in.",
    "log": "Show the last runs; with -f go on as they happen.",
    "login": "Bind an API key to a server, with git's credential helper as its keeper.",
    "logout": "Take back what 'login' has bound to a server.",
    "mcp": "Serve a model by the Model Context Protocol: claim and finish tasks as it works.",
    "mission": "Tell how far missions are, by their milestones.",
    "monitor": "Offer what is ready to agents that wait, and take back lost claims.",
    "orchestrator": "Let processes be known that hand out tasks.",
    "pause": "Make the hooks of this clone do nothing.",
    "prime": "Print what an agent has to know to work on tasks.",
    "resume": "Let paused hooks work again.",
    "serve": "Serve tasks and board by HTTP, for programs and for a page in the browser.",
    "status": "Show what was synced, what is pending, and what is wrong.",
    "sync": "Bring the task database and the board up to date.",
    "task": "List, claim and finish tasks, as agents do.",
    "uninstall": "Take the git hooks out and put back what was there before.",
    "watch": "Bring up what changes in work trees and branches, committed or not, as it changes.",
}
"""Name -> what it does, '' for those that only other programs call; each is a module here."""


class _Commands(click.Group):
    """Loads a command's module when it is called, so that the others cost nothing."""

    # ruff: noqa: ARG002 - the signatures are click's

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the table."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the ``command`` of the module with that name."""
        if cmd_name not in COMMANDS:
            return None
        with Loading():
            module = importlib.import_module(f"kanban_sync.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without loading anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, text in COMMANDS.items() if text])


@click.group("kanban-sync", cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kanban_sync.__version__, prog_name="kanban-sync")
def cli() -> None:
    """Keep a Planka board and a task database in step with a repository's task files."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program and end the process with its exit code."""
    run(cli, arguments)


def run(command: click.Command, arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process: 0 done or queued, 1 failed, 2 board unreachable."""
    end_with(lambda: _called(command, arguments))


def _called(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Call a command and return its exit code; what click raises is told here."""
    try:
        code = command.main(args=arguments, prog_name=command.name, standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort as error:
        # click makes this of Ctrl-C too, when much may have been done already.
        if isinstance(error.__cause__, KeyboardInterrupt):
            return INTERRUPTED
        end("stopped at a question; what is said above was done", 1)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 1
    except click.ClickException as error:
        # Not click's own exit code: 2 stands for a board that cannot be reached.
        end(f"{error.format_message()}{_hint(error)}", 1)
    return code if isinstance(code, int) else 0


def _hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f" Try '{context.command_path} --help'." if context is not None else ""
