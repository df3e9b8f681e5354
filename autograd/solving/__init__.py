"""Solutions and tables as nodes: `solve`, `minimum`, `interpolate`.

What is found by a search, or looked up, is a function all the same, and has derivatives
that are not those of the search. `search` finds roots on floats, `implicit` makes nodes
of them, `roots` is what people call, `tables` interpolates, and `scipys` puts all of it
in the place of SciPy's root-finders in lifted code.
"""

from autograd.solving.roots import minimum, solve
from autograd.solving.tables import interpolate

__all__ = ["interpolate", "minimum", "solve"]
