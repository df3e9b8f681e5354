"""eager: a function that is to run as it stands, for one that is compiled.

What `jit` and `vmap` compile they lift by themselves. So where they run a function
eagerly after all, or compare with what it does on floats, it is the lifted one that
takes Values: compiled or not, a function gives the same.
"""

from __future__ import annotations

import types
from typing import Any

from autograd.lifting.calls import call
from autograd.lifting.functions import PLAIN
from autograd.transforms import CALLED_BY


def eagerly(f: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function; Values meet the lifted one."""
    token = CALLED_BY.set(call)
    try:
        plain = not kwargs and PLAIN.issuperset(map(type, args))
        if plain and type(f) is types.FunctionType:
            return f(*args)
        return call(f, *args, **kwargs)
    finally:
        CALLED_BY.reset(token)
