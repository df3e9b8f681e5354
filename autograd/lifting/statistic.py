"""statistic: what stands for the functions of `statistics` on Values.

Python's are exact fractions, rounded once; these are the sums themselves.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from autograd import math as am
from autograd.lifting.errors import has_values
from autograd.lifting.stand_ins import stand_in

MSG_FEW = "{0} of Values takes at least {1}"


NAMES = (
    "mean", "fmean", "variance", "pvariance", "stdev", "pstdev", "geometric_mean",
    "harmonic_mean", "covariance", "correlation", "linear_regression",
)  # fmt: skip


def enter(module: Any) -> None:
    """Enter the rows of `statistics`."""
    for name in NAMES:
        stand_in(getattr(module, name), _counted(module, globals()[name]))
    _enter_normal(module.NormalDist)
    inverse = getattr(module, "_normal_dist_inv_cdf", None)
    if inverse is not None:
        stand_in(inverse, lambda p, mu, sigma: mu + sigma * am.ndtri(p))


def _enter_normal(normal: Any) -> None:
    """Enter the rows of ``NormalDist``, whose mean and deviation may be Values."""

    def made(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        new = object.__new__(normal)
        new._mu, new._sigma = mu, sigma
        return new

    def density(own: Any, x: Any) -> Any:
        z = (x - own.mean) / own.stdev
        return am.exp(-z * z / 2.0) / (own.stdev * math.sqrt(2.0 * math.pi))

    stand_in(normal, made)
    stand_in(normal.cdf, lambda own, x: am.ndtr((x - own.mean) / own.stdev))
    stand_in(normal.pdf, density)
    stand_in(normal.inv_cdf, lambda own, p: own.mean + own.stdev * am.ndtri(p))


def dress(module: Any) -> None:
    """Let the twin of `statistics` take Values as well."""

    def either(f: Callable[..., Any], row: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(f)
        def of_any(*data: Any, **options: Any) -> Any:
            lists = [list(x) if hasattr(x, "__next__") else x for x in data]
            return (row if any(map(has_values, lists)) else f)(*lists, **options)

        return of_any

    for name in NAMES:
        row = _counted(module, globals()[name])
        setattr(module, name, either(getattr(module, name), row))


def _counted(module: Any, f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of lists that are long enough, as Python's insist."""
    least = 1 if f in {mean, fmean, pvariance, pstdev, geometric_mean} else 2
    least = 1 if f is harmonic_mean else least

    def counted(*data: Any, **options: Any) -> Any:
        lists = [list(x) if hasattr(x, "__iter__") else x for x in data]
        if len(lists[0]) < least:
            raise module.StatisticsError(MSG_FEW.format(f.__name__, least))
        if options:
            message = f"{f.__name__} of Values takes no keywords"
            raise TypeError(message)
        return f(*lists)

    return counted


def mean(xs: list[Any]) -> Any:
    """Return the arithmetic mean."""
    return am.fsum(xs) / len(xs)


def fmean(xs: list[Any], weights: list[Any] | None = None) -> Any:
    """Return the arithmetic mean, weighted if weights are given."""
    if weights is None:
        return mean(xs)
    return am.sumprod(xs, weights) / am.fsum(weights)


def _squares(xs: list[Any], middle: Any) -> Any:
    middle = mean(xs) if middle is None else middle
    return am.fsum([(x - middle) * (x - middle) for x in xs])


def _distance(xs: list[Any], middle: Any) -> Any:
    """Return the root of the sum of squares, which may overflow where this does not."""
    middle = mean(xs) if middle is None else middle
    return am.hypot(*[x - middle for x in xs])


def variance(xs: list[Any], xbar: Any = None) -> Any:
    """Return the variance of a sample."""
    return _squares(xs, xbar) / (len(xs) - 1)


def pvariance(xs: list[Any], mu: Any = None) -> Any:
    """Return the variance of a population."""
    return _squares(xs, mu) / len(xs)


def stdev(xs: list[Any], xbar: Any = None) -> Any:
    """Return the standard deviation of a sample."""
    return _distance(xs, xbar) / math.sqrt(len(xs) - 1)


def pstdev(xs: list[Any], mu: Any = None) -> Any:
    """Return the standard deviation of a population."""
    return _distance(xs, mu) / math.sqrt(len(xs))


def geometric_mean(xs: list[Any]) -> Any:
    """Return the geometric mean."""
    return am.exp(mean([am.log(x) for x in xs]))


def harmonic_mean(xs: list[Any], weights: list[Any] | None = None) -> Any:
    """Return the harmonic mean."""
    weights = [1.0] * len(xs) if weights is None else weights
    return am.fsum(weights) / am.fsum([w / x for w, x in zip(weights, xs, strict=True)])


def covariance(xs: list[Any], ys: list[Any]) -> Any:
    """Return the covariance of two samples."""
    x, y = mean(xs), mean(ys)
    pairs = zip(xs, ys, strict=True)
    return am.fsum([(a - x) * (b - y) for a, b in pairs]) / (len(xs) - 1)


def correlation(xs: list[Any], ys: list[Any]) -> Any:
    """Return Pearson's correlation."""
    return covariance(xs, ys) / am.sqrt(variance(xs) * variance(ys))


def linear_regression(xs: list[Any], ys: list[Any]) -> Any:
    """Return slope and intercept of the line of least squares."""
    from statistics import LinearRegression

    slope = covariance(xs, ys) / variance(xs)
    return LinearRegression(slope, mean(ys) - slope * mean(xs))
