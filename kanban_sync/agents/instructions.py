"""What an agent has to know to work on tasks, in half a page; pure text."""

from __future__ import annotations

PRIME = """\
Tasks of this repository are claimed from a database, so that no two agents do the same one.

    kanban-sync task claim --next    # take what comes first; prints its key
    kanban-sync task show KEY        # all of it
    kanban-sync task done KEY        # ticks its file, too: commit that with your work

- Say who you are: `export KANBAN_SYNC_AGENT=name` (letters, digits, .-_), one for each agent.
- Begin nothing without a claim, and leave boxes and statuses in the files to these commands.
- A claim lasts 60 minutes; `task heartbeat KEY` renews it. For one long command:
  `task run KEY -- COMMAND`, which completes the task if the command ends with 0.
- Stuck: `task block KEY --reason WHY`. Wants a look: `task review KEY`. Give it back:
  `task release KEY`. More work found: `task add "Title"`.
- Exit codes: 0 done, 1 failed, 3 nothing is ready, 4 somebody else has it or your claim is lost:
  stop work on it, 5 no such task, 6 cannot be claimed now. stderr says what to do.
- `task list` shows what is open. --tag, --prefer, --priority, --source and --parent narrow it,
  and `claim --next`. All of these but `run` know --json, and every command --help.
"""

BEGIN = "<!-- kanban-sync: begin; written by 'kanban-sync init --agents' -->"
END = "<!-- kanban-sync: end -->"

AGENTS_PART = f"## Tasks\n\n{PRIME}"

SKILL_HEAD = """\
---
name: kanban-sync
description: Claim, work on and finish tasks of this repository. Use it before beginning any task
  of TASKS.md, roadmap.yaml or an OpenSpec change, and when asked what to do next.
---

"""


def with_part(text: str, part: str) -> str | None:
    """Return a text with our part in it, between our marks; all else is left as it is.

    None where the marks are there in part, or more than once: nobody knows what is ours.
    """
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    ours = end_of_line.join([BEGIN, *part.rstrip("\n").split("\n"), END])
    if text.count(BEGIN) == text.count(END) == 0:
        gap = "" if not text else end_of_line * (1 if text.endswith("\n") else 2)
        return f"{text}{gap}{ours}{end_of_line}"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before or END in after:
        return None
    return f"{before}{ours}{after}"
