"""pivots: which row an elimination divides by, chosen once and held to be good enough.

The largest number of a column is the most exact to divide by. Where a recording froze
that choice, other inputs would be divided by what is about 0 there, and nobody would
see it. To ask for the largest one takes a recording for each order of the rows. So it
is asked that no other number is `WORSE` times as large, which bounds how much larger
rounding errors become; rows that do not fulfil it are recorded with pivots of theirs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from autograd.context import tape_in_use
from autograd.lifting.stand_ins import plain
from autograd.primitives.arithmetic import maximum

WORSE = 16.0


def pivot(rows: Sequence[Sequence[Any]], k: int) -> int:
    """Return the row, from k on, whose number in column k is the largest.

    >>> pivot([[1.0, 2.0], [-3.0, 4.0]], 0)
    1

    """
    places = range(k, len(rows))
    best = max(places, key=lambda i: abs(plain(rows[i][k])))
    others = [abs(rows[i][k]) for i in places if i != best]
    if others and tape_in_use() is not None:
        largest = functools.reduce(maximum, others)
        bool(WORSE * abs(rows[best][k]) >= largest)  # from now on a guard
    return best
