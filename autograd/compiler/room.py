"""room: how much memory there is, asked before much of it is taken.

A system that promises more than it has ends a process that uses it, and says nothing.
So what takes much is told here what is free, and says itself what it cannot do.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")  # of Linux, which says how much memory it may take
GROUPS = ("memory.max", "memory.current")
SYSTEM = Path("/proc/meminfo")


def free() -> int | None:
    """Return how many bytes this process may still take, None where nobody knows.

    That is what the system could give without swapping, or the process's group has left
    of its limit.
    """
    found = _of_system()
    with suppress(OSError, ValueError):  # there may be no group, or no limit: "max"
        most, used = (int((GROUP / name).read_text()) for name in GROUPS)
        stat = (GROUP / "memory.stat").read_text().split()
        left = most - used + int(stat[stat.index("inactive_file") + 1])
        found = left if found is None else min(found, left)
    return found


def _of_system() -> int | None:
    """Return how much memory the system could give."""
    with suppress(OSError, ValueError):
        words = SYSTEM.read_text().split()
        return 1024 * int(words[words.index("MemAvailable:") + 1])
    with suppress(AttributeError, ValueError, OSError):  # not on every system
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None
