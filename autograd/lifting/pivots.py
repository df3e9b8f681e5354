"""pivots: which row an elimination divides by, in a recording for other numbers, too.

The largest number of a column is the most exact to divide by. Where a recording froze
that choice, other inputs would be divided by what is about 0 there, and nobody would
see it. To ask for the largest one takes a recording for each order of the rows. So the
first one is taken than which no other is `WORSE` times as large: that bounds how much
larger rounding errors become. Which one that is, is a guard.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from autograd.context import tape_in_use
from autograd.lifting.stand_ins import plain
from autograd.primitives.arithmetic import maximum

WORSE = 8.0


def pivot(rows: Sequence[Sequence[Any]], k: int) -> int:
    """Return the row, from k on, that is to be divided by for column k.

    >>> pivot([[1.0, 2.0], [-3.0, 4.0]], 0)
    1

    """
    places = range(k, len(rows))
    best = max(places, key=lambda i: abs(plain(rows[i][k])))
    if tape_in_use() is None:
        return best
    largest = functools.reduce(maximum, [abs(rows[i][k]) for i in places])
    for i in places:
        if largest <= WORSE * abs(rows[i][k]) < math.inf:
            return i
    return best
