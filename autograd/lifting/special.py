"""special: what stands for SciPy's special functions and the normal distribution."""

from __future__ import annotations

import math
from typing import Any

from autograd import math as am
from autograd.custom import primitive
from autograd.lifting import analytic
from autograd.lifting.arrays import elementwise
from autograd.lifting.complexes import Complex
from autograd.lifting.stand_ins import stand_in, stand_in_for_method

SPECIAL = {
    "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "erfcinv": "erfcinv",
    "gamma": "gamma", "gammaln": "lgamma", "loggamma": "lgamma", "digamma": "digamma",
    "psi": "digamma", "ndtr": "ndtr", "ndtri": "ndtri", "log_ndtr": "log_ndtr",
    "j0": "j0", "j1": "j1", "i0": "i0", "i1": "i1", "beta": "beta", "betaln": "lbeta",
    "expit": "sigmoid", "logit": "logit", "log_expit": "log_sigmoid", "xlogy": "xlogy",
    "expm1": "expm1", "log1p": "log1p", "cbrt": "cbrt", "exp2": "exp2", "jv": "jn",
    "jn": "jn", "iv": "iv",
}  # fmt: skip


def enter(module: Any) -> None:
    """Enter the rows of ``scipy.special``, or of ``scipy.stats``."""
    if module.__name__ == "scipy.stats":
        _enter_stats(module.norm)
        return
    for name, ours in SPECIAL.items():
        if hasattr(module, name):
            stand_in(getattr(module, name), elementwise(getattr(am, ours)))
    for name, plane in PLANE.items():
        real = getattr(am, SPECIAL[name]) if name in SPECIAL else plane
        row = elementwise(_either(plane, real))
        stand_in(getattr(module, name), row)
    stand_in(module.polygamma, am.polygamma)
    stand_in(module.logsumexp, lambda xs: am.logsumexp(list(xs)))
    stand_in(module.lambertw, _lambertw)


PLANE = {
    "wofz": analytic.wofz, "psi": analytic.digamma, "digamma": analytic.digamma,
    "loggamma": analytic.loggamma,
}  # fmt: skip


def _either(plane: Any, real: Any) -> Any:
    return lambda z: (plane if type(z) in {Complex, complex} else real)(z)


def _branch(k: int) -> Any:
    def value(x: float) -> float:
        from scipy.special import lambertw

        return float(lambertw(x, k).real)

    return primitive(
        value, lambda w, x: 1.0 / (x + am.exp(w)), name=f"lambertw_{abs(k)}"
    )


BRANCHES = {k: _branch(k) for k in (0, -1)}


def _lambertw(x: Any, k: int = 0, tol: float = 1e-8) -> Any:
    """Return Lambert's W, on the two branches that are real."""
    del tol
    if not x >= -1.0 / math.e:
        message = (
            "lambertw of a Value below -1/e is complex, and a Value is a real number"
        )
        raise TypeError(message)
    return elementwise(BRANCHES[k])(x)


def _enter_stats(norm: Any) -> None:
    def standard(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        return (x - loc) / scale

    density = 1.0 / math.sqrt(2.0 * math.pi)

    def pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        z = standard(x, loc, scale)
        return elementwise(lambda t: density * am.exp(-t * t / 2.0))(z) / scale

    def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        z = standard(x, loc, scale)
        return -z * z / 2.0 + math.log(density) - elementwise(am.log)(scale)

    cdf = elementwise(am.ndtr)
    rows: dict[str, Any] = {
        "cdf": lambda x, *a, **k: cdf(standard(x, *a, **k)),
        "sf": lambda x, *a, **k: cdf(-standard(x, *a, **k)),
        "logcdf": lambda x, *a, **k: elementwise(am.log_ndtr)(standard(x, *a, **k)),
        "ppf": lambda q, loc=0.0, scale=1.0: loc + scale * elementwise(am.ndtri)(q),
        "pdf": pdf,
        "logpdf": logpdf,
    }
    for name, row in rows.items():
        stand_in_for_method(norm, name, row)
