"""collector: Python's garbage collector waits while a program is rewritten.

A program of many instructions is as many objects, all of them needed. The collector
walks them again and again as they are made, and finds nothing: two fifths of the time
of compiling.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

_waiting: list[None] = []  # one for each who found it running


@contextmanager
def waiting() -> Iterator[None]:
    """Keep the collector from running; who finds it running lets it run again."""
    was_running = gc.isenabled()
    gc.disable()
    if was_running:
        _waiting.append(None)
    try:
        yield
    finally:
        if was_running:
            gc.enable()
            del _waiting[-1:]


def _run_in_child() -> None:
    """Let the collector run in a forked child, which has nobody who would do so."""
    if _waiting:
        _waiting.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_run_in_child)
