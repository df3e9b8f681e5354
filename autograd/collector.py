"""collector: Python's garbage collector waits while a program is rewritten.

A program of many instructions is as many objects, all of them needed. The collector
walks them again and again as they are made, and finds nothing: two fifths of the time
of compiling. Several threads may rewrite programs at once: the first to come stops the
collector, and the last to leave starts it again.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()  # a finaliser may come in between
_inside: set[object] = set()  # a token for each who wants it stopped
_was_running = False  # before the first of these came


@contextmanager
def waiting() -> Iterator[None]:
    """Keep the collector from running; it runs again if it ran before."""
    global _was_running  # noqa: PLW0603 - the collector is one for all, too
    token = object()
    with _lock:
        if not _inside:
            _was_running = gc.isenabled()
        _inside.add(token)
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _inside.discard(token)
            if _was_running and not _inside:
                gc.enable()
                _was_running = False


def _run_in_child() -> None:
    """Let the collector run in a forked child, which has nobody who would do so.

    Another thread may have held the lock, and is not there to release it.
    """
    global _lock, _was_running  # noqa: PLW0603
    _lock = threading.RLock()
    _inside.clear()
    if _was_running:
        gc.enable()
        _was_running = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_run_in_child)
