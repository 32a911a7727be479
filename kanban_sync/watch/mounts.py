"""Which file systems tell nobody of changes that other machines make: those of a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

NETWORKS = frozenset(
    (
        *("9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "gfs2", "glusterfs"),
        *("gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "smb2", "smb3"),
        *("smbfs", "vboxsf", "virtiofs", "vmhgfs", "webdav", "wekafs"),
    )
)
"""What kernels call them. What runs through FUSE is one, too, unless it is known not to be."""

LOCAL = frozenset(("fuse.ext2", "fuse.ntfs-3g", "fuse.exfat", "fuseblk", "fuse.fuse-overlayfs"))

_LINE = re.compile(r"\S+ \S+ \S+ \S+ (?P<place>\S+) .*? - (?P<kind>\S+) ")
_MAC = re.compile(r".* on (?P<place>.+) \((?P<kind>\w+)[,)]")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def is_network(kind: str) -> bool:
    """Tell whether a file system of that kind is one of a network."""
    return kind in NETWORKS or (kind.startswith("fuse.") and kind not in LOCAL)


def kind_in(mounts: str, path: str) -> str:
    """Return the kind of file system on which a path lies, '' if that is not told.

    Args:
        mounts: ``/proc/self/mountinfo``, or what ``mount`` prints on macOS.
        path: The path, without links.
    """
    found = ("", "")
    for line in mounts.splitlines():
        told = _LINE.match(line) or _MAC.match(line)
        if told is None:
            continue
        place = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), told["place"]).rstrip("/")
        # What is mounted last over the same place is what is seen.
        if f"{path}/".startswith(f"{place}/") and len(place) >= len(found[0]):
            found = place, told["kind"]
    return found[1]


def file_system(path: Path) -> str:
    """Return the kind of file system on which a folder lies, '' if nobody tells."""
    with suppress(OSError, subprocess.SubprocessError):
        if sys.platform == "darwin":
            told = subprocess.run(["/sbin/mount"], capture_output=True, check=True, timeout=5)
            return kind_in(os.fsdecode(told.stdout), os.path.realpath(path))
        return kind_in(os.fsdecode(MOUNTS.read_bytes()), os.path.realpath(path))
    return ""
