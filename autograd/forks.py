"""forks: a lock that another thread holds would stay locked for ever in a forked child.

A child has no thread but the one that forked, so nobody there would release it. A fork
therefore waits until the lock is free.
"""

from __future__ import annotations

import os
from typing import Any


def held_while_forking(lock: Any) -> Any:
    """Return the lock, which a thread that forks holds for that long."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire,
            after_in_parent=lock.release,
            after_in_child=lock.release,
        )
    return lock
