"""What the process of a command goes by; nothing is loaded for it."""

from __future__ import annotations

INTERRUPTED = 130
"""How a process ends that Ctrl-C ends."""

COLLECTED_AT = 100_000
"""Objects after which Python looks for cycles; with its own 700 a reading does it all the time.

A first merge of 10,000 tasks makes more than half as many, and all of them stay.
"""
