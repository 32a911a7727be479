"""Planka, version 2 and newer: the API without I/O, the HTTP client, and the Board on top."""
