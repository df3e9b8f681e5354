"""The table of primitives: one row a function, and everything else walks it.

A row says what a primitive's value is, what its partials are, where it is defined and
where it has kinks, and how it is written. Eager evaluation, higher orders, drawing,
the command line and the tests all read these rows, so a new primitive is one row.

Partials receive the output first and are written with operators and with other rows
only. The same formula therefore serves floats (the first derivative), Values (any
higher order) and recorded programs. Three habits keep that true:

- no ``if``: a condition is a primitive (`greater`, `equal`, `select`), so that a
  recorded program needs no branch;
- no exception: where Python's ``/`` and ``**`` raise, a partial is infinite, so
  partials use `quotient` and `power`, which follow IEEE 754 instead;
- no cancellation: ``tanh`` is not ``1 - y*y``, which is 0 at 20; see each row.

The rows are in one file a family, each of which rests on those before it: `arithmetic`,
`powers`, `elementary`, `normal`, `special`, `activations`; `row` has the class, and
`pairs` the commonest rows once more, in C.

Letters: ``y`` is the output, ``x`` the only argument, ``a b c`` the arguments.
"""

from __future__ import annotations

from autograd.primitives import (
    activations,
    arithmetic,
    elementary,
    normal,
    pairs,
    powers,
    special,
)
from autograd.primitives.row import TABLE, Primitive

__all__ = [
    "TABLE",
    "Primitive",
    "activations",
    "arithmetic",
    "elementary",
    "normal",
    "pairs",
    "powers",
    "special",
]
