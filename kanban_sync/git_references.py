"""Where the branches of a repository are at one moment, and which of them is the default one."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kanban_sync import git_calls
from kanban_sync.core.errors import RepositoryError
from kanban_sync.core.links import published_at
from kanban_sync.core.ports import Branches
from kanban_sync.git_branches import unreadable
from kanban_sync.git_output import detached_heads, loose_branches, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kanban_sync.core.liveness import Liveness
    from kanban_sync.git_branches import Git

BRANCH = "refs/heads/"
REMOTE = "refs/remotes/"
ORIGIN = "refs/remotes/origin/"
HEAD = "HEAD"


class References:
    """The references of a clone, all of the same moment: that of the first question."""

    def __init__(
        self,
        git: Git,
        common_dir: Path,
        default_branch: str,
        current: Path | None,
        liveness: Liveness | None,
    ) -> None:
        """Bind to a clone; nothing is asked yet. What the words mean, ``GitRepository`` says."""
        self._ask = git
        self._common_dir = common_dir
        self._default_branch = default_branch
        self._current = current
        self._liveness = liveness
        self._base: tuple[str, str] | None = None
        self._heads: dict[str, str] | None = None
        self._upstreams: dict[str, tuple[str, str]] = {}
        self._remote_heads: dict[str, str] = {}
        self._loose: set[str] | None = None
        self._moment = 0.0
        self._configuration: str | None = None
        self._instead = ""

    def choose(
        self, *, default_branch: str, current: Path | None, liveness: Liveness | None = None
    ) -> None:
        """Read other branches from now on, at the same moment: the settings may say so."""
        self._default_branch = default_branch
        self._current = current
        self._liveness = liveness
        self._base = None

    def heads(self) -> dict[str, str]:
        """Return all local branches, and those of remotes: reference name -> commit id.

        Asked once: all that this object tells is of the same moment.
        """
        if self._heads is None:
            # Both before git is asked: what happens in between is taken for news later.
            self._moment = time.monotonic()
            self._loose = loose_branches(self._common_dir, BRANCH)
            self._heads = self._read_heads()
        return self._heads

    def _read_heads(self) -> dict[str, str]:
        heads: dict[str, str] = {}
        for line in filter(None, self._ask(git_calls.HEADS).split("\n")):
            commit, name, symref, upstream, remote = line.split(" ", 4)
            heads[name] = commit
            if symref and name.startswith(REMOTE):
                self._remote_heads[name] = symref
            # A branch may also follow another one of this clone, which nobody fetches.
            if upstream.startswith(REMOTE):
                self._upstreams[name] = upstream, f"{REMOTE}{remote}/"
        return heads

    @property
    def _remote(self) -> str:
        """Where the branches of ``origin`` are, or those of the only remote, called otherwise."""
        below = {name.removesuffix(HEAD) for name in self._remote_heads if name.endswith(HEAD)}
        if len(below) == 1 and not any(name.startswith(ORIGIN) for name in self.heads()):
            return below.pop()
        return ORIGIN

    def _followed(self, name: str) -> str:
        """Return the remote branch that stands for a local one: its upstream where it has one."""
        upstream, _ = self._upstreams.get(BRANCH + name, ("", ""))
        return upstream if upstream in self.heads() else self._remote + name

    def head_of(self, git_dir: Path) -> tuple[str, str]:
        """Return the branch and commit that a work tree has checked out, '' where there is none."""
        with contextlib.suppress(OSError):
            text = (git_dir / "HEAD").read_text("utf-8", "surrogateescape").strip()
            if not text.startswith("ref: "):
                return "", text
            reference = text.removeprefix("ref: ")
            return reference, self.heads().get(reference, "")
        return "", ""

    def branches(self, own: str) -> Branches:
        """Return what the shim compares where this reference is checked out."""
        heads = self.heads()
        # The settings of hooks are read from the default branch, whatever else is read.
        name, _ = self._default(heads)
        remote = self._followed(name)
        remote = remote if name and remote in heads else ""
        listed = [name for name in heads if name.startswith(BRANCH)] + [remote] * bool(remote)
        text = "\n".join("" if name == own else f"{heads[name]} {name}" for name in listed)
        loose = self._loose
        files = (
            None if loose is None else len(loose - {own}) + (self._common_dir / remote).is_file()
        )
        return Branches(own, text, remote, files, self._moment)

    def branch(self) -> tuple[str, str]:
        r"""Return the name and commit of the branch that is read, '' and '' before any commit.

        Here and in ``others``, bytes of a name that are no text are written out (``\xff``): a name
        is kept in databases and shown on the board, and nothing is opened by it.
        """
        heads = self.heads()
        if self._current is not None:
            reference, commit = self.head_of(self._current)
            return readable(reference.removeprefix(BRANCH)) or commit, commit
        name, reference = self._default(heads)
        if name:
            return readable(name), self._instead or heads[reference]
        if self.is_lacking:
            return "", ""
        reference, commit = self.head_of(self._common_dir)
        return readable(reference.removeprefix(BRANCH)) or commit, commit

    def go_back(self, tips: Mapping[str, str]) -> bool:
        """Read the default branch as it was read last from now on, or as far as it is here.

        So where a partial clone lacks what was fetched since. ``tips`` are those of the last pass;
        the answer is False if there is nothing to go back to.
        """
        name, tip = self.branch()
        last, here = tips.get(name, ""), self.heads().get(BRANCH + name, "")
        is_ahead = bool(here) and (not last or self.common(last, here) == last)
        self._instead = here if is_ahead else last
        return self._instead not in {"", tip}

    @property
    def is_guessing(self) -> bool:
        """Whether nothing tells the default branch, so that what is checked out stands for it."""
        is_told = self._current is not None or self._default_branch
        return not is_told and not self._default(self.heads())[0]

    @property
    def is_lacking(self) -> bool:
        """Whether the settings name a default branch that is not in this clone."""
        if self._current is not None or not self._default_branch:
            return False
        has_commits = bool(self.heads()) or bool(self.head_of(self._common_dir)[1])
        return has_commits and not self._default(self.heads())[0]

    def _default(self, heads: Mapping[str, str]) -> tuple[str, str]:
        """Return the default branch's name and reference, empty where none can be told."""
        if self._base is None:
            self._base = ("", "")
            for name in self._candidates():
                there = [each for each in (BRANCH + name, self._followed(name)) if each in heads]
                if there:
                    self._base = name, self._further(there)
                    break
        return self._base

    def _further(self, references: Sequence[str]) -> str:
        """Return the branch that is ahead; of two that went apart, the one that others have."""
        local, *remote = references
        commits = [self.heads()[each] for each in references]
        if not remote or len(set(commits)) == 1 or self.common(*commits) == commits[1]:
            return local
        return remote[0]

    def apart(self) -> tuple[str, str, str]:
        """Return the remote branch that is read for the default one, and where both are.

        '' each where the local one is read, or there is none.
        """
        name, reference = self._default(self.heads())
        local = self.heads().get(BRANCH + name, "")
        if self._current is not None or self._instead or not reference.startswith(REMOTE):
            return "", "", ""
        return readable(reference.removeprefix(REMOTE)), local, self.heads()[reference]

    def _candidates(self) -> Iterable[str]:
        """Yield names that the default branch may have, the surest first."""
        if self._default_branch:
            yield self._default_branch
            return
        if self._remote + HEAD in self._remote_heads:
            yield self._remote_heads[self._remote + HEAD].removeprefix(self._remote)
        yield from (self._configured(), "main", "master")

    def _configured(self) -> str:
        """Return how the user calls default branches, '' if nobody said."""
        entries = (entry.partition("\n") for entry in self._read_configuration().split("\0"))
        names = [value for key, _, value in entries if key == "init.defaultbranch"]
        return names[-1] if names else ""

    def _read_configuration(self) -> str:
        """Return what git's settings say of branches, asked once."""
        if self._configuration is None:
            self._configuration = ""
            with contextlib.suppress(RepositoryError):  # Nothing is set.
                self._configuration = self._ask(git_calls.CONFIGURATION)
        return self._configuration

    def common(self, commit: str, other: str) -> str:
        """Return the last commit from which both descend, '' if none is known."""
        try:
            return self._ask(git_calls.common(commit, other))
        except RepositoryError:
            return ""  # They share nothing, or one is no longer there.

    def published(self) -> tuple[str, str]:
        """Return where the default branch goes: its remote's URL, and its name there.

        Without a remote the URL is empty, and the name its own. It is the same whatever is checked
        out.
        """
        name, _ = self._default(self.heads())
        remote = self._remote.removeprefix(REMOTE).rstrip("/")
        found = published_at(self._read_configuration(), name, remote) if name else ("", "")
        return found if found[1] else ("", name)

    def others(self, name: str, base: str) -> dict[str, str]:
        """Return where the branches are that may be layers beside the one that is read."""
        liveness = self._liveness
        if liveness is None or self._current is not None:
            return {}
        default, reference = self._default(self.heads())
        _, followed = self._upstreams.get(BRANCH + default, ("", self._remote))
        below = (BRANCH, self._remote, followed) if liveness.remote else (BRANCH,)
        left_out = {*self._remote_heads, *([reference] if self._instead else ())}
        found = {
            readable(name.removeprefix(BRANCH).removeprefix("refs/")): tip
            for name, tip in self.heads().items()
            if name.startswith(below) and tip != base and name not in left_out
        }
        found |= detached_heads(self._common_dir)
        if name in found:
            # It and its remote branch went apart.
            found[f"{name} (local)"] = found.pop(name)
        return {each: tip for each, tip in found.items() if tip != base and liveness.covers(each)}

    def has_say(self, git_dir: Path, reference: str, commit: str, name: str, base: str) -> bool:
        """Tell whether what is committed in a work tree has a say, and so what is edited there.

        Args:
            git_dir: Its git folder.
            reference: The branch that it has checked out, '' if none.
            commit: The commit that it has checked out.
            name: The branch that is read.
            base: The commit of that branch.
        """
        if self._current is not None:
            return git_dir == self._current
        if self._liveness is None:
            return commit == base
        short = readable(reference.removeprefix(BRANCH))
        if not reference:
            short = f"work tree {readable(git_dir.name)}"
            return git_dir != self._common_dir and self._liveness.covers(short)
        return short == name or self._liveness.covers(short)

    def unreadable(self) -> list[str]:
        """Return the branches that would be looked at, were their commits not beyond reading."""
        name, base = self.branch()
        return unreadable(self._ask, base, self.others(name, base)) if base else []
