"""The files of the demo's repository: OpenSpec changes, one of them archived, and TASKS.md."""

from __future__ import annotations

SEARCH = "openspec/changes/speed-up-search"
RESET = "openspec/changes/add-password-reset"
DARK = "openspec/changes/add-dark-mode"
ARCHIVE = "openspec/changes/archive"

RESET_TASKS = f"{RESET}/tasks.md"
SEARCH_TASKS = f"{SEARCH}/tasks.md"
DARK_TASKS = f"{DARK}/tasks.md"
TASKS = "TASKS.md"
README = "README.md"

START = {
    README: "# Bookshop\n\nA shop for books.\n",
    "openspec/config.yaml": "schema: spec-driven\n",
    "openspec/specs/search/spec.md": """\
# search Specification

## Purpose
Readers find a book by its title, its author or a line of it.
""",
    f"{RESET}/proposal.md": """\
# Add password reset

## Why
Readers who forget their password write to us, and a person has to help each of them.

## What Changes
- A reader asks for a link by e-mail, which is good for one hour and one use.
- Asking says nothing about whether an account exists.
""",
    RESET_TASKS: """\
## 1. Tokens
- [x] 1.1 Store hashed tokens with an expiry
- [ ] 1.2 Forget tokens after their use

## 2. Mail
- [ ] 2.1 Send the link
- [ ] 2.2 Limit how often one address is written to

## 3. Checks
- [ ] 3.1 Test with an account that does not exist
""",
    f"{RESET}/specs/accounts/spec.md": """\
## ADDED Requirements

### Requirement: Password reset
The system SHALL send a link for a new password on request.

#### Scenario: Unknown address
- **WHEN** nobody has an account with that address
- **THEN** the answer is the same as for a known one
""",
    f"{SEARCH}/proposal.md": """\
# Speed up search

## Why
A search for a title takes two seconds.

## What Changes
- Titles are looked up in an index.
""",
    SEARCH_TASKS: """\
## 1. Index
- [x] 1.1 Build the index of titles
- [x] 1.2 Keep it up to date when books change

## 2. Switch over
- [x] 2.1 Ask the index first
- [ ] 2.2 Measure, and remove the old query
""",
    f"{ARCHIVE}/2026-02-10-add-login/proposal.md": "# Add login\n\n## Why\nReaders want orders.\n",
    f"{ARCHIVE}/2026-02-10-add-login/tasks.md": "## 1. Login\n- [x] 1.1 Add the form\n",
    TASKS: """\
# Tasks

## P1

- [ ] Rotate the signing keys
  - **ID**: rotate-signing-keys
  - **Tags**: security
  - **Details**: The present ones are two years old.
  - **Acceptance**: Sessions that are open stay open

## P3

- [ ] Tidy the build logs
  - **ID**: tidy-build-logs
""",
}
"""Path -> content of the first commit."""

PROPOSAL = {
    f"{DARK}/proposal.md": """\
# Add dark mode

## Why
Many read at night.

## What Changes
- The colours follow the reader's system.
"""
}

PLAN = {
    DARK_TASKS: """\
## 1. Colours
- [ ] 1.1 Name every colour once
- [ ] 1.2 Give each name a dark value
- [ ] 1.3 Follow the system
"""
}
