"""lift: other people's functions, made fit for Values.

Code that was written for floats calls `math.exp`, `float(x)`, `isinstance(x, float)`.
A lifted function is the same code in which those places ask us first; the library that
everybody else uses stays as it is. The way through this package:

- `source` finds the definition of a function, and makes sure that it is its own;
- `rewrite` changes its tree, the commonest calls by `inline` (`scopes` tells which
  names are global, and `nodes` are the pieces);
- `functions` makes the function of it, with the same globals and closure;
- `calls` is what happens when that makes a call: what is called is lifted in its turn,
  or has something that stands for it: `stand_ins`, `arrays`, `special`, `integrals`,
  `matrices`, which choose `pivots`;
- `operators` is what the operators of somebody's class do, and `patterns` what is
  asked in a ``match``;
- `complexes` and `plane` are complex numbers of Values, `analytic` what SciPy knows of
  their functions;
- `searches` and `links` see what narrows a bracket, and `halving` gives it its slope;
- `twins` imports modules a second time, lifted as a whole.

The package is not called `lift`, since ``autograd.lift`` is the function.
"""

from __future__ import annotations

import types
import warnings
from typing import Any

from autograd.lifting import calls, operators, records, stand_ins
from autograd.lifting.errors import LiftError
from autograd.lifting.functions import Lifted, why_not
from autograd.lifting.twins import twin

__all__ = ["LiftError", "lift"]

MSG_WHAT = (
    "lift takes a function, or the name of a module as in lift('package.module'), "
    "not {0!r}"
)

stand_ins.enter_builtins()
stand_ins.enter_math()
stand_ins.enter_cmath()
records.enter(calls.call)
operators.enter()


def lift(thing: Any) -> Any:
    """Return a function, or a whole module, that takes Values where it took floats.

    Args:
        thing: a function of Python, which is lifted together with whatever it calls;
            or the name of a module, of which a private copy is imported. What cannot
            be lifted (built-in, without source) is returned as it is, with a warning
            that says why.

    Returns:
        On floats, what does the same to the last bit. On Values, what records. A module
        is an ordinary one, of another name; the original is untouched.

    Raises:
        TypeError: if it is neither; or when called, if a Value comes to where floats
            alone are taken, naming the line.

    >>> import math
    >>> from autograd import Value, grad
    >>> def swamee_jain(re, roughness):
    ...     return 0.25 / math.log10(float(roughness) / 3.7 + 5.74 / re**0.9) ** 2
    >>> lift(swamee_jain)(1e5, 1e-4)
    0.01845...
    >>> grad(lift(swamee_jain))(1e5, 1e-4)
    -3.411...e-08
    >>> colours = lift("colorsys")
    >>> round(grad(lambda r: colours.rgb_to_hsv(r, 0.2, 0.1)[1])(0.4), 6)
    0.625

    """
    if isinstance(thing, str):
        return twin(thing)
    if isinstance(thing, types.ModuleType):
        return twin(thing.__name__)
    if isinstance(thing, Lifted):
        return thing
    if isinstance(thing, types.MethodType):
        return types.MethodType(lift(thing.__func__), thing.__self__)
    if isinstance(thing, types.FunctionType):
        word = why_not(thing)
        if not word:
            return Lifted(thing)
        warnings.warn(word, stacklevel=2)
        return thing
    if callable(thing):
        return calls.lifter(thing)
    raise TypeError(MSG_WHAT.format(thing))
