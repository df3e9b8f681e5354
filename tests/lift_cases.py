"""Functions to be lifted, by where their source stands and what is in their branches.

They are in a module that pytest does not rewrite, so that their code is their source's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math

HEARD: list[float] = []
CALLS = 0


def twice(f):
    @functools.wraps(f)
    def wrapper(*args):
        return 2.0 * f(*args)

    return wrapper


@twice
def decorated(x):
    return math.exp(x) if x > 1.0 else math.sin(x)


def closure(scale):
    def f(x):
        return scale * math.exp(x) if x > 1.0 else math.sin(scale * x)

    return f


@dataclasses.dataclass
class Point:
    k: float
    total: float = 0.0

    def method(self, x):
        return self.k * math.exp(x) if x > 1.0 else self.k * math.sin(x)

    @classmethod
    def of_class(cls, x):
        return cls(2.0).method(x)

    @staticmethod
    def of_none(x):
        return math.cosh(x) if x > 1.0 else math.tanh(x)

    @property
    def rate(self):
        return math.log(self.k) if self.k > 1.0 else math.sin(self.k)

    def __call__(self, x):
        self.total = self.total + (x if x > 1.0 else math.sin(x))
        total, self.total = self.total, 0.0
        return total * self.k

    def __post_init__(self):
        self.k = float(self.k)


@dataclasses.dataclass(frozen=True)
class Pair:
    a: Point
    b: list[float]
    c: list[float] = dataclasses.field(default_factory=list)


def by_a_property(x):
    return Point(x * x).rate + Point(k=x).k


def of_a_dataclass(x):
    moved = dataclasses.replace(Point(x), k=x * 2.0)
    whole = dataclasses.astuple(moved)[0] * dataclasses.asdict(Pair(moved, [x]))["b"][0]
    return whole * (moved == Point(x * 2.0))


def generator(x):
    def terms():
        for n in range(1, 5):
            if x > 1.0:
                yield math.exp(-n * x)
            else:
                yield math.sin(n * x)

    return sum(terms()) + next(terms())


def delegating(x):
    def inner():
        yield x
        yield math.cos(x)

    def outer():
        yield from inner()
        yield math.exp(x) if x > 1.0 else 0.0

    return sum(outer())


LAMBDAS = [lambda x: math.exp(x) if x > 1 else x, lambda x: x * x if x > 1 else math.sin(x)]  # fmt: skip # noqa: E501


def appends(x):
    seen = []
    if x > 1.0:
        seen.append(math.exp(x))
        HEARD.append(1.0)
    else:
        seen.append(math.sin(x))
    seen += [x]
    return sum(seen)


def sets_attributes(x):
    p = Point(1.0)
    if x > 1.0:
        p.total = math.exp(x)
    else:
        p.total = x
        p.k = x * x
    return p.total * p.k


def sets_a_global(x):
    global CALLS  # noqa: PLW0603 - an effect
    CALLS = 0
    if x > 1.0:
        CALLS += 3
    else:
        CALLS -= 2
    return x * x * CALLS


def nonlocal_variable(x):
    total = x

    def add(y):
        nonlocal total
        if y > 1.0:
            total += math.exp(y)
        else:
            total *= y

    add(x)
    add(x * 0.5)
    return total


def prints(x):
    if x > 1.0:
        print("large")  # noqa: T201 - an effect
        return math.exp(x)
    return math.sin(x)


def raises_and_catches(x):
    try:
        if x > 1.0:
            raise ValueError("large")  # noqa: TRY301
        return math.sin(x)
    except ValueError:
        return math.exp(x)
    finally:
        HEARD.append(0.0)


def asserts(x):
    if x > 1.0:
        assert x < 100.0, "too large"
        y = math.log(x)
    else:
        assert x >= -5.0
        y = x * x
    return y


def with_block(x):
    y = x
    if x > 1.0:
        with contextlib.suppress(ZeroDivisionError):
            y = math.exp(x)
            y = y / 0
    else:
        with contextlib.nullcontext(x) as z:
            y = z * z
    return y


def walrus(x):
    if (y := math.sin(x)) > 0.9 or (z := x * x) > 4.0:
        return y * y
    return y + z


def comprehension(x):
    ys = [y * x for y in (1.0, x, 2.0) if y > 1.0]
    table = {k: v * v for k, v in enumerate(ys)}
    return sum(table.values()) + sum({len(ys)}) * x + (ys[-1] if ys else 0.0)


def deletes(x):
    y = x * 2.0
    table = {"a": x, "b": 2.0}
    if x > 1.0:
        del table["b"]
        z = y
        del y
    else:
        z = math.sin(y)
    return z * sum(table.values())


def recursive(x, n=6):
    if n == 0 or x > 50.0:
        return x
    return (
        recursive(x * 1.5, n - 1) + math.sin(x)
        if x > 1.0
        else recursive(x + 0.25, n - 1)
    )


def down(x):
    if x < 0.3:
        return x
    return down(x * 0.5) + math.sin(x)


def fibonacci(n, x):
    return x if n < 2 else fibonacci(n - 1, x) * 0.5 + fibonacci(n - 2, x * x)


def by_fibonacci(x):
    return fibonacci(6, x) if x > 1.0 else fibonacci(4, math.sin(x))


def even(x, n=4):
    return x if n == 0 else odd(x * x if x < 1.0 else math.log(x), n - 1)


def odd(x, n):
    return x if n == 0 else even(x + 1.0, n - 1)


def matches(x):
    match (x > 1.0, x):
        case (True, y):
            return math.exp(y)
        case (_, y) if y > 0.0:
            return math.sin(y)
        case _:
            return x * 3.0


def loops_with_else(x):
    for k in range(5):
        if x * k > 3.0:
            y = x * x * k
            break
    else:
        y = math.sin(x)
    return y


def defaults(x, *, power=2.0, scale=math.pi):
    return x**power * scale if x > 1.0 else x * x


def stars(x):
    first, *others = sorted([x, 1.2, x * x], key=lambda y: -y)
    return first * math.prod(others) + max(*others, 0.5)


FUNCTIONS = {
    "decorated": decorated,
    "closure": closure(1.5),
    "method": Point(3.0).method,
    "classmethod": Point.of_class,
    "staticmethod": Point.of_none,
    "property": by_a_property,
    "dataclass": of_a_dataclass,
    "callable": Point(2.5),
    "first lambda": LAMBDAS[0],
    "second lambda": LAMBDAS[1],
    **{
        f.__name__: f
        for f in (
            generator, delegating, appends, sets_attributes, sets_a_global,
            nonlocal_variable, prints, raises_and_catches, asserts, with_block, walrus,
            comprehension, deletes, recursive, down, by_fibonacci, even, matches,
            loops_with_else, defaults, stars,
        )
    },
}  # fmt: skip
