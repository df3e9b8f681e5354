"""Measure to how many units in the last place each row of the table is right.

Each row is evaluated over its whole extent: around 0, at tiny and huge numbers, near
its kinks and borders. Values, first and second derivatives are compared with the row's
exact definition in mpmath, differentiated by central differences with so many digits
that nothing of their error is seen in a float.

A result is *lost* if it is off by more than a millionth of itself, is 0 or NaN where it
should not be, or infinite where the truth is a float, or the reverse.

The *public* rows are the operators and the functions of `autograd.math`; the others are
helpers, which partials are written with, and which count where they are part of one.

One ulp is the distance of neighbouring floats at the exact result, of subnormal ones
where that is subnormal.
"""

from __future__ import annotations

import difflib
import itertools
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograd import math as public
from autograd.primitives import TABLE, Primitive
from autograd.transforms import grad
from autograd.value import Value

MAGNITUDES = (
    0.0, 5e-324, 1e-310, 2.3e-308, 1e-300, 1e-200, 1e-154, 1e-100, 1e-50, 1e-20, 1e-16,
    1e-10, 1e-8, 1e-5, 1e-3, 0.01, 0.1, 0.25, 0.5, 0.7, 0.9, 0.999, 0.9999999999999999,
    1.0, 1.0000000000000002, 1.001, 1.5, 2.0, 2.5, 3.1, 4.0, 5.5, 7.0, 10.0, 15.0, 20.0,
    26.0, 37.0, 50.0, 100.0, 300.0, 354.0, 700.0, 709.0, 745.0, 1e3, 1e4, 1e5, 1e8,
    1e10, 1e16, 1e20, 1e50, 1e100, 1e154, 1e200, 1e300, 1.7e308,
)  # fmt: skip
STEP = 40  # the differences' step is 10**-STEP of the argument, or of 1 if less
TOO_LARGE = 2**1024 - 2**970  # an int, so exact: what rounds to infinity
LOST = 1e-6
SHOWN = 20
NOTHING = 1e-60  # relative to the value: so small a difference may be its own error
COSTLY = 5  # special functions of two arguments take seconds a point: a fifth of them
UNARY = 3  # so many times as many are worth it where the points are on a line
# What a person calls without autograd.math: Python's operators and functions.
BUILTINS = {"abs", "add", "sub", "div", "floordiv", "mod", "mul", "neg", "round"}

KINDS = {
    "value": "value",
    "first": "first derivative",
    "second": "second derivative",
}

MSG_MPMATH = (
    "the audit compares with mpmath, which is not installed: pip install mpmath "
    "(or scalar-autograd[all], which has it)"
)
MSG_UNKNOWN = "there is no row {name!r} in the table{hint}"
MSG_POINTS = "a row is measured at 1 point or more, not at {points}"


@dataclass
class Errors:
    """What was found of one kind of result: errors in ulp, and how many were lost."""

    ulps: list[float] = field(default_factory=list)
    lost_at: list[tuple[tuple[float, ...], float, float]] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """How many were lost; ``lost_at`` has arguments, result and truth of each."""
        return len(self.lost_at)

    @property
    def total(self) -> int:
        """How many were compared."""
        return len(self.ulps) + self.lost

    @property
    def worst(self) -> float:
        """The largest error in ulp of those that were not lost."""
        return max(self.ulps, default=0.0)

    def within(self, ulps: float) -> float:
        """Return the share of results at most so far off, of 0 to 1."""
        return sum(x <= ulps for x in self.ulps) / self.total if self.total else 1.0

    def add(self, args: tuple[float, ...], found: float, truth: Any) -> None:
        """Compare a float with an exact number."""
        off, is_lost = error(found, truth)
        if is_lost:
            self.lost_at.append((args, found, float(truth)))
        else:
            self.ulps.append(off)


@dataclass
class Report:
    """The audit of one row."""

    row: Primitive
    points: int = 0
    value: Errors = field(default_factory=Errors)
    first: Errors = field(default_factory=Errors)
    second: Errors = field(default_factory=Errors)

    @property
    def is_public(self) -> bool:
        """Whether the row is an operator or a function of `autograd.math`."""
        name = self.row.name
        return bool(self.row.precedence) or name in BUILTINS or hasattr(public, name)

    def __str__(self) -> str:
        cells = [f"{self.row.name:27}{self.points:6}"]
        for errors in (self.value, self.first, self.second):
            share = 100.0 * errors.within(4.0)
            cells.append(f"{share:9.1f}{errors.worst:11.3g}{errors.lost:6}")
        return "".join(cells)


HEADING = (
    f"{'':33}{'value':^26}{'first derivative':^26}{'second derivative':^26}\n"
    f"{'row':27}{'points':>6}" + f"{'% <4 ulp':>9}{'worst ulp':>11}{'lost':>6}" * 3
)


def audit(names: Sequence[str] | None = None, *, points: int = 100) -> list[Report]:
    """Measure the rows of the table against exact arithmetic.

    Args:
        names: the rows to measure; None for all.
        points: about how many points to measure each at; rows of one argument at up
            to three times as many, special functions of several at a fifth.

    Returns:
        A report for each row; printed, a line of a table.

    Raises:
        ImportError: if mpmath is not installed.
        ValueError: if there is no row of a name, or no point to measure at.

    >>> report, = audit(["tanh"], points=20)
    >>> report.first.lost
    0

    """
    return list(measure(names, points=points))


def measure(
    names: Sequence[str] | None = None, *, points: int = 100
) -> Iterator[Report]:
    """Do what `audit` does, and give each report as soon as it is there."""
    try:
        import mpmath  # noqa: F401 - asked for before a long computation
    except ImportError:
        raise ImportError(MSG_MPMATH) from None
    if points < 1:
        raise ValueError(MSG_POINTS.format(points=points))
    names = list(names or TABLE)
    for name in names:
        if name not in TABLE:
            close = difflib.get_close_matches(name, TABLE, 3)
            hint = f"; similar are {', '.join(close)}" if close else ""
            raise ValueError(MSG_UNKNOWN.format(name=name, hint=hint))
    return (_audit(TABLE[name], points) for name in names)


def summary(reports: Iterable[Report]) -> str:
    """Return the figures of all rows together, and of the public ones alone."""
    reports = list(reports)
    groups = {
        "all rows": reports,
        "public rows": [report for report in reports if report.is_public],
        "helper rows": [report for report in reports if not report.is_public],
    }
    heads = ("rows", "values", "lost", "first", "lost", "% <4 ulp", "worst elementary",
             "second", "lost")  # fmt: skip
    lines = [f"{'':14}" + "".join(f"{head:>{len(head) + 3}}" for head in heads)]
    for name, group in groups.items():
        if not group:
            continue
        value, first, second = (
            _together(getattr(report, kind) for report in group) for kind in KINDS
        )
        elementary = _together(r.first for r in group if r.row.elementary)
        cells = (
            str(len(group)),
            str(value.total),
            str(value.lost),
            str(first.total),
            str(first.lost),
            f"{100.0 * first.within(4.0):.2f}",
            f"{elementary.worst:.1f} ulp",
            str(second.total),
            str(second.lost),
        )
        lines.append(
            f"{name:14}"
            + "".join(
                f"{cell:>{len(head) + 3}}"
                for cell, head in zip(cells, heads, strict=True)
            )
        )
    lost = [
        f"lost: the {words} of {report.row.name} at "
        f"{', '.join(map(repr, args))}, which is {truth!r}, not {found!r}"
        for kind, words in KINDS.items()
        for report in reports
        for args, found, truth in getattr(report, kind).lost_at
    ]
    return "\n".join(lines + lost[:SHOWN])


def _together(errors: Iterable[Errors]) -> Errors:
    total = Errors()
    for part in errors:
        total.ulps += part.ulps
        total.lost_at += part.lost_at
    return total


def error(found: float, truth: Any) -> tuple[float, bool]:
    """Return by how many ulp a float is off an exact number, and if it is lost."""
    if abs(truth) >= TOO_LARGE:
        return 0.0, not (math.isinf(found) and (found > 0) == (truth > 0))
    if math.isnan(truth):
        return 0.0, not math.isnan(found)
    if not math.isfinite(found):
        near = abs(truth) * (1.0 + 1e-13) >= TOO_LARGE
        return 0.0, not (near and found == math.copysign(math.inf, truth))
    off = abs(truth - found)
    ulps = float(off / math.ulp(float(truth)))
    return ulps, bool(off > LOST * abs(truth)) and ulps > 8.0


def measure_at(name: str, *args: float) -> Report:
    """Measure a row at one point, and return a report of no point if it is a kink.

    >>> measure_at("tanh", 20.0).first.worst < 4.0
    True

    """
    import mpmath

    report = Report(TABLE[name])
    _measure(mpmath.MPContext(), report, args)
    return report


def _audit(row: Primitive, points: int) -> Report:
    import mpmath

    mp = mpmath.MPContext()
    report = Report(row)
    if not row.elementary and len(_moving(row)) > 1:
        points = points // COSTLY + 1
    for args in _points(row, points):
        _measure(mp, report, args)
    return report


def _measure(mp: Any, report: Report, args: tuple[float, ...]) -> None:
    row = report.row
    if args in row.kinks:
        return
    try:
        found = row(*args)
    except (ValueError, ArithmeticError):
        return
    if not math.isfinite(found):
        return
    try:
        _compare(mp, row, args, _moving(row), report)
    except (_AtAKinkError, ZeroDivisionError):  # mpmath's, at a border
        return
    report.points += 1


def _moving(row: Primitive) -> list[int]:
    return [i for i, (low, high) in enumerate(_extents(row)) if low < high]


class _AtAKinkError(Exception):
    """The left and the right derivative differ: a matter of policy, not of accuracy."""


def _compare(
    mp: Any, row: Primitive, args: tuple[float, ...], moving: list[int], report: Report
) -> None:
    leaves = [Value(x) if i in moving else x for i, x in enumerate(args)]
    mp.dps = _digits([args[i] for i in moving])
    truth, firsts, seconds = _exact(mp, row, args, moving)
    node = row(*leaves)
    report.value.add(args, node.data, truth)
    if error(node.data, truth)[1]:
        return  # the float function itself is lost here: so is what follows from it
    for partial, exact in zip(node.partials, firsts, strict=True):
        report.first.add(args, partial, exact)
    for (i, j), exact in seconds.items():
        report.second.add(args, grad(grad(row, i), j)(*args), exact)


def _digits(args: Sequence[float]) -> int:
    """Return how many digits second differences need at these arguments.

    They divide by the square of a step, which is relative to the smallest argument, a
    difference of numbers as large as the largest; and the quotient may be subnormal.
    """
    sizes = [abs(math.log10(abs(x))) if x else 400.0 for x in args]
    return int(2 * STEP + 4 * max(sizes)) + 360


def _exact(
    mp: Any, row: Primitive, args: tuple[float, ...], moving: list[int]
) -> tuple[Any, list[Any], dict[tuple[int, int], Any]]:
    """Return the exact value, first and second derivatives."""
    x = [mp.mpf(arg) for arg in args]
    middle = row.exact(mp, *x)
    firsts, seconds, steps = [], {}, {}
    for i in moving:
        h = (min(abs(x[i]), 1) or mp.mpf(10) ** -400) * mp.mpf(10) ** -STEP
        steps[i] = h
        below, above = _around(mp, row, x, i, h)
        if any(mp.im(y) for y in (middle, below, above)):
            raise _AtAKinkError  # at the border of the domain
        left, right = (middle - below) / h, (above - middle) / h
        apart = abs(left - right)
        if apart > mp.mpf(10) ** -10 * (abs(left) + abs(right)) and (
            apart > mp.mpf(10) ** -10 or not middle
        ):
            raise _AtAKinkError
        first = (above - below) / (2 * h)
        second = (above - 2 * middle + below) / h**2
        # The error is of the order of h*h: where it is all there is, the truth is 0.
        size = abs(middle) / (h * mp.mpf(10) ** STEP)
        if abs(first) < NOTHING * size or abs(second) < NOTHING * size**2:
            near, far = _around(mp, row, x, i, h / 8)
            if abs(far - near) / (2 * h / 8) < abs(first) / 8:
                first *= 0
            if abs(far - 2 * middle + near) / (h / 8) ** 2 < abs(second) / 8:
                second *= 0
        firsts.append(first)
        seconds[i, i] = second
    for i, j in itertools.combinations(moving, 2):
        seconds[i, j] = seconds[j, i] = _mixed(mp, row, x, (i, j), steps)
    return middle, firsts, seconds


def _mixed(
    mp: Any, row: Primitive, x: list[Any], ij: tuple[int, int], steps: dict[int, Any]
) -> Any:
    """Return the exact derivative by two different arguments."""
    i, j = ij

    def corners(h: Any, k: Any) -> Any:
        total = mp.mpf(0)
        for s, t in itertools.product((1, -1), repeat=2):
            y = list(x)
            y[i] += s * h
            y[j] += t * k
            corner = row.exact(mp, *y)
            if mp.im(corner):
                raise _AtAKinkError
            total += s * t * corner
        return total / (4 * h * k)

    h, k = steps[i], steps[j]
    mixed = corners(h, k)
    size = abs(row.exact(mp, *x)) / (h * k * mp.mpf(10) ** (2 * STEP))
    # As above: where the error is all there is, it shrinks with the steps.
    if abs(mixed) < NOTHING * size and abs(corners(h / 8, k / 8)) < abs(mixed) / 8:
        mixed *= 0
    return mixed


def _around(mp: Any, row: Primitive, x: list[Any], i: int, h: Any) -> tuple[Any, Any]:
    """Return the exact values where argument i is less and more by h."""
    below, above = (row.exact(mp, *x[:i], x[i] + step, *x[i + 1 :]) for step in (-h, h))
    return below, above


def _extents(row: Primitive) -> list[tuple[float, float]]:
    """Return the extent of each argument; a row of any number is measured with four."""
    return list(row.extent) * (4 if row.arity is None else 1)


def _points(row: Primitive, count: int) -> Iterator[tuple[float, ...]]:
    """Yield arguments, the same ones in every run."""
    generator = random.Random(row.name)  # noqa: S311 - no secret is made of it
    candidates = [list(_candidates(row, i, e)) for i, e in enumerate(_extents(row))]
    if len(candidates) == 1:
        unary = candidates[0]
        if len(unary) > UNARY * count:
            unary = generator.sample(unary, UNARY * count)
        for x in unary:
            yield (x,)
        count -= len(unary)
    for _ in range(count):
        yield tuple(
            generator.choice(xs)
            if generator.random() < 0.5
            else _anywhere(generator, e)
            for xs, e in zip(candidates, _extents(row), strict=True)
        )


def _candidates(row: Primitive, i: int, extent: tuple[float, float]) -> Iterator[float]:
    low, high = extent
    if low == high:
        yield low
        return
    kinks = {point[i] for point in row.kinks if i < len(point)}
    for x in {*MAGNITUDES, *kinks, low, high}:
        for y in {x, -x, math.nextafter(x, math.inf), math.nextafter(x, -math.inf)}:
            if low <= y <= high and math.isfinite(y):
                yield y


def _anywhere(generator: random.Random, extent: tuple[float, float]) -> float:
    """Return a number of any magnitude, or from the middle of the extent."""
    low, high = extent
    if low == high:
        return low
    x: float
    for _ in range(50):
        x = generator.choice((-1.0, 1.0)) * 10.0 ** generator.uniform(-300.0, 300.0)
        if generator.random() < 0.7:
            x = generator.choice((-1.0, 1.0)) * 10.0 ** generator.uniform(-4.0, 3.0)
        if low <= x <= high:
            return x
    return generator.uniform(max(low, -1e3), min(high, 1e3))
