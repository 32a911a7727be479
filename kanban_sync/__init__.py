"""Keeps a Planka board and a task database in step with a repository's task files."""

__version__ = "0.1.0"
