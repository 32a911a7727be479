"""The tasks that agents work on in tests: one that another waits for, and one of less priority."""

from __future__ import annotations

TASKS = """\
# Tasks

## P1

- [ ] Rotate the keys
  - **ID**: rotate-keys
  - **Tags**: ops
- [ ] Use the new keys
  - **ID**: use-keys
  - **Blocked by**: rotate-keys

## P2

- [ ] Tidy the logs
  - **ID**: tidy-logs
"""
