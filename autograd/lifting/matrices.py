"""matrices: what stands for NumPy's linear algebra on arrays of Values.

All is elimination, by formulas whose derivatives are the right ones. A pivot decides
how exact the result is, not what it is: one that is not much smaller than another is as
good. So that is what a recording holds the pivots to (`autograd.lifting.pivots`).
"""

from __future__ import annotations

from typing import Any

from autograd import math as am
from autograd.lifting.pivots import pivot
from autograd.lifting.stand_ins import stand_in


def enter(linalg: Any) -> None:
    """Enter the rows of ``numpy.linalg``."""
    for f in (solve, inv, det, cholesky):
        stand_in(getattr(linalg, f.__name__), f)


def _triangular(a: Any, b: Any) -> tuple[list[list[Any]], list[Any], float]:
    """Return a matrix eliminated below its diagonal, with b, and the rows' sign."""
    import numpy as np

    rows, found = [list(row) for row in np.asarray(a)], list(np.asarray(b))
    n, sign = len(rows), 1.0
    for k in range(n):
        best = pivot(rows, k)
        if rows[best][k] == 0.0:
            raise np.linalg.LinAlgError("Singular matrix")
        if best != k:
            sign = -sign
            rows[k], rows[best] = rows[best], rows[k]
            found[k], found[best] = found[best], found[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
            found[i] = found[i] - factor * found[k]
    return rows, found, sign


def solve(a: Any, b: Any) -> Any:
    """Solve linear equations."""
    import numpy as np

    rows, found, _ = _triangular(a, b)
    for k in range(len(rows) - 1, -1, -1):
        rest = sum((rows[k][j] * found[j] for j in range(k + 1, len(rows))), 0.0)
        found[k] = (found[k] - rest) / rows[k][k]
    result = np.empty(np.shape(b), dtype=object)
    result[:] = found
    return result


def inv(a: Any) -> Any:
    """Return the inverse of a matrix."""
    import numpy as np

    return solve(a, np.eye(len(a)))


def det(a: Any) -> Any:
    """Return the determinant of a matrix."""
    import numpy as np

    if np.shape(a) == (0, 0):
        return 1.0
    try:
        rows, _, sign = _triangular(a, [0.0] * len(a))
    except np.linalg.LinAlgError:  # its derivative would need the other minors
        return _by_minors([list(row) for row in np.asarray(a)])
    for k, row in enumerate(rows):
        sign = sign * row[k]
    return sign


def _by_minors(rows: list[list[Any]]) -> Any:
    """Return the determinant of a singular matrix, expanded by its first row."""
    if len(rows) == 1:
        return rows[0][0]
    total: Any = 0.0
    for j, x in enumerate(rows[0]):
        minor = [row[:j] + row[j + 1 :] for row in rows[1:]]
        total = total + (-1.0) ** j * x * _by_minors(minor)
    return total


def cholesky(a: Any) -> Any:
    """Return the lower triangular L of which the matrix is L Lᵀ."""
    import numpy as np

    n = len(a)
    found = np.full((n, n), 0.0, dtype=object)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i][j] - sum((found[i, k] * found[j, k] for k in range(j)), 0.0)
            if i > j:
                found[i, j] = rest / found[j, j]
            elif rest > 0.0:
                found[i, i] = am.sqrt(rest)
            else:
                raise np.linalg.LinAlgError("Matrix is not positive definite")
    return found
