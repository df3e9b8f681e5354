"""patterns: ``case float():`` in lifted code, which is to take a Value as a float.

A pattern names a class, and Python asks `isinstance` by itself. So where the class is
one that floats are of, or complex numbers, the pattern names another, which answers
for it as lifted code does (`autograd.lifting.stand_ins.is_instance`):

    case float(x):     -> case __lift_like_float__(x):
"""

from __future__ import annotations

import numbers
from typing import Any

from autograd.lifting.stand_ins import is_instance


class _Like(type):
    """The class of classes that answer for another one in a pattern."""

    kind: type

    def __instancecheck__(cls, x: Any) -> bool:
        return is_instance(x, cls.kind)


def _like(kind: type) -> type:
    # Derived from float or int, so that ``case float(x)`` binds x to the number itself.
    bases = (kind,) if kind in {float, int, complex} else ()
    made = _Like(kind.__name__, bases, {})
    made.kind = kind
    return made


KINDS = (
    float, int, complex, numbers.Number, numbers.Complex, numbers.Real,
    numbers.Rational, numbers.Integral,
)  # fmt: skip
# The name that a pattern has for a class instead, by the id of that class.
NAMES = {id(kind): f"__lift_like_{kind.__name__}__" for kind in KINDS}
HOOKS = {NAMES[id(kind)]: _like(kind) for kind in KINDS}
