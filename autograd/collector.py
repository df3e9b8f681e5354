"""collector: Python's garbage collector waits while a program is rewritten.

A program of many instructions is as many objects, all of them needed. The collector
walks them again and again as they are made, and finds nothing: two fifths of the time
of compiling.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def waiting() -> Iterator[None]:
    """Keep the collector from running; who finds it running lets it run again."""
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()
