"""ADBench's objectives in scalar Python: what a gradient costs, over the objective.

From their published definitions: Šrajer, Kukelova, Fitzgibbon, *A benchmark of selected
algorithmic differentiation tools on some problems in computer vision and machine
learning*, 2018: a Gaussian mixture's log-likelihood with a Wishart prior, the residuals
of bundle adjustment, and the loss of an LSTM whose gates are diagonal. Each works on
floats and on Values, and the gradients are held to ADBench's own numbers in
``tests/test_adbench.py``.

    python tests/bench/adbench.py [DIRECTORY]

prints the times of the objective on floats, its eager gradient, and its compiled one.
DIRECTORY holds ADBench's inputs; without it numbers of the same sizes are
drawn at random. Objectives are timed as they stand: plain Python with the standard
library's functions would take about as long.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from autograd import COMPILED, grad, jacobian, jit, math, vmap

Numbers = Sequence[Any]
SEEN = 1000  # observations of a bundle


# --- The Gaussian mixture ----------------------------------------------------------


def mixture(
    alphas: Numbers,
    means: Sequence[Numbers],
    factors: Sequence[Numbers],
    points: Sequence[Numbers],
    gamma: float = 1.0,
    m: int = 0,
    total: Callable[..., Any] | None = None,
) -> Any:
    """Return the log-likelihood of points, and the prior of the factors.

    Args:
        alphas: the logarithms of the components' weights, up to a constant.
        means: each component's.
        factors: each one's factor of the inverse covariance, a lower triangle: the
            logarithms of the diagonal, then the columns below it.
        points: what was seen.
        gamma: the prior's precision.
        m: the prior's degrees of freedom, less the dimension and 1.
        total: sums `density` over the points, as ``vmap(density, ..., "sum")`` does;
            one by one where it is not given.

    """
    total = total or one_by_one
    d = len(means[0])
    diagonals = [[math.exp(q) for q in factor[:d]] for factor in factors]
    traces = [math.fsum(factor[:d]) for factor in factors]
    lines = [triangle(*pair) for pair in zip(diagonals, factors, strict=True)]
    weights = [a + t for a, t in zip(alphas, traces, strict=True)]
    n = len(points)
    constant = -0.5 * n * d * math.log(2.0 * math.pi)
    terms = total(weights, means, lines, points)
    likelihood = constant + terms - n * math.logsumexp(alphas)
    return likelihood + prior(diagonals, traces, factors, gamma, m)


def density(
    weights: Numbers, means: Sequence[Numbers], lines: Sequence[Any], x: Numbers
) -> Any:
    """Return the logarithm of a point's density, but for constants."""
    parts = zip(weights, means, lines, strict=True)
    return math.logsumexp(
        [w - 0.5 * distance(x, mean, line) for w, mean, line in parts]
    )


def one_by_one(weights: Any, means: Any, lines: Any, points: Sequence[Numbers]) -> Any:
    """Return the sum of all points' densities."""
    return math.fsum([density(weights, means, lines, x) for x in points])


# The same for all points at once, natively.
at_once = vmap(density, (None, None, None, 0), reduce="sum")


def triangle(diagonal: Numbers, factor: Numbers) -> list[list[Any]]:
    """Return a lower triangle line by line."""
    d = len(diagonal)
    columns = iter(factor[d:])
    lines: list[list[Any]] = [[] for _ in range(d)]
    for i in range(d):
        lines[i].append(diagonal[i])
        for j in range(i + 1, d):
            lines[j].append(next(columns))
    return lines


def distance(x: Numbers, mean: Numbers, lines: Sequence[Numbers]) -> Any:
    """Return the squared distance of a point from a mean, by the factor's lines."""
    away = [a - b for a, b in zip(x, mean, strict=True)]
    turned = [math.sumprod(line, away[: len(line)]) for line in lines]
    return math.sumprod(turned, turned)


def prior(
    diagonals: Sequence[Numbers],
    traces: Numbers,
    factors: Sequence[Numbers],
    gamma: float,
    m: int,
) -> Any:
    """Return the logarithm of the Wishart prior of all factors."""
    d = len(diagonals[0])
    n = d + m + 1
    gammas = [math.lgamma(0.5 * (n - j)) for j in range(d)]
    whole = 0.25 * d * (d - 1) * math.log(math.pi) + math.fsum(gammas)
    constant = n * d * (math.log(gamma) - 0.5 * math.log(2.0)) - whole
    squares = [
        math.sumprod(entries, entries)
        for diagonal, factor in zip(diagonals, factors, strict=True)
        for entries in [[*diagonal, *factor[d:]]]
    ]
    return math.fsum(
        [
            0.5 * gamma * gamma * square - m * trace - constant
            for square, trace in zip(squares, traces, strict=True)
        ]
    )


# --- Bundle adjustment -------------------------------------------------------------


def residuals(camera: Numbers, point: Numbers, weight: Any, seen: Numbers) -> list[Any]:
    """Return by how much, weighted, a camera sees a point elsewhere than it was seen.

    Args:
        camera: rotation (3), centre (3), focal length, principal point (2), radial
            distortion (2).
        point: in space.
        weight: of this observation.
        seen: where the point was seen, in pixels.

    """
    away = [a - b for a, b in zip(point, camera[3:6], strict=True)]
    x, y, z = rotated(away, camera[:3])
    u, v = x / z, y / z
    r = u * u + v * v
    bend = 1.0 + camera[9] * r + camera[10] * r * r
    return [
        weight * (t * bend * camera[6] + centre - measured)
        for t, centre, measured in zip((u, v), camera[7:9], seen, strict=True)
    ]


def rotated(x: Numbers, rotation: Numbers) -> list[Any]:
    """Return a point turned about an axis by its length, as Rodrigues has it."""
    square = math.sumprod(rotation, rotation)
    if square == 0.0:
        return [a + b for a, b in zip(x, cross(rotation, x), strict=True)]
    angle = math.sqrt(square)
    axis = [a / angle for a in rotation]
    c, s = math.cos(angle), math.sin(angle)
    along = math.sumprod(axis, x) * (1.0 - c)
    return [
        a * c + b * s + w * along
        for a, b, w in zip(x, cross(axis, x), axis, strict=True)
    ]


def cross(a: Numbers, b: Numbers) -> list[Any]:
    """Return the cross product."""
    return [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]


def weight_residual(weight: Any) -> Any:
    """Return by how much a weight's square is less than 1."""
    return 1.0 - weight * weight


# --- LSTM --------------------------------------------------------------------------


def lstm(
    main: Sequence[Numbers],
    extra: Sequence[Numbers],
    state: Sequence[Numbers],
    sequence: Sequence[Numbers],
) -> Any:
    """Return the loss of predicting each character of a sequence from those before.

    Args:
        main: for each layer a row of weights and a row of biases, each for the gates
            forget, in, out and change of all cells.
        extra: the weights of the input; the weights and biases of the output.
        state: for each layer its hidden numbers and its cells.
        sequence: the characters, as rows of bits.

    """
    b = len(sequence[0])
    pairs = [main[i : i + 2] for i in range(0, len(main), 2)]
    gates = [list(zip(*map(partial(cut, b), pair), strict=True)) for pair in pairs]
    states = [[list(row) for row in state[i : i + 2]] for i in range(0, len(state), 2)]
    totals = []
    for x, target in pairwise(sequence):
        row = [a * w for a, w in zip(x, extra[0], strict=True)]
        for layer, (hidden, cells) in zip(gates, states, strict=True):
            step(row, hidden, cells, layer)
            row = hidden
        out = [h * w + c for h, w, c in zip(row, extra[1], extra[2], strict=True)]
        norm = math.logsumexp([math.log(2.0), *out])
        totals.append(math.sumprod(target, out) - norm * math.fsum(target))
    return -math.fsum(totals) / (b * len(totals))


def cut(n: int, row: Numbers) -> list[Numbers]:
    """Return a row in pieces of n numbers."""
    return [row[i : i + n] for i in range(0, len(row), n)]


def step(x: Numbers, hidden: list[Any], cells: list[Any], layer: Any) -> None:
    """Replace a layer's hidden numbers and cells by those after an input."""
    (wf, bf), (wi, bi), (wo, bo), (wc, bc) = layer
    for i in range(len(x)):
        forget = math.sigmoid(x[i] * wf[i] + bf[i])
        ingate = math.sigmoid(hidden[i] * wi[i] + bi[i])
        outgate = math.sigmoid(x[i] * wo[i] + bo[i])
        change = math.tanh(hidden[i] * wc[i] + bc[i])
        cells[i] = cells[i] * forget + ingate * change
        hidden[i] = outgate * math.tanh(cells[i])


# --- Inputs ------------------------------------------------------------------------


def numbers_of(path: Path) -> tuple[list[list[float]], list[int]]:
    """Return the rows of one of ADBench's files, and the sizes in its first line."""
    lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    return [[float(x) for x in line] for line in lines[1:]], [int(x) for x in lines[0]]


def mixture_from(path: Path) -> tuple[Any, ...]:
    """Return a mixture's arguments."""
    rows, (_, k, n) = numbers_of(path)
    alphas = [row[0] for row in rows[:k]]
    means, factors, points = (
        rows[k : 2 * k],
        rows[2 * k : 3 * k],
        rows[3 * k : 3 * k + n],
    )
    gamma, m = rows[-1]
    return alphas, means, factors, points, gamma, int(m)


def bundle_from(path: Path) -> tuple[Any, ...]:
    """Return the arguments of every residual, which are the same."""
    rows, _ = numbers_of(path)
    camera, point, (weight,), seen = rows
    return camera, point, weight, seen


def lstm_from(path: Path) -> tuple[Any, ...]:
    """Return an LSTM's arguments."""
    rows, (layers, _, _) = numbers_of(path)
    end = 2 * layers
    main, extra, state = rows[:end], rows[end : end + 3], rows[end + 3 : 2 * end + 3]
    return main, extra, state, rows[2 * end + 3 :]


def drawn_mixture(d: int, k: int, n: int) -> tuple[Any, ...]:
    """Return arguments of such a size."""
    draw = random.Random(d).gauss
    sizes = (k, d), (k, d * (d + 1) // 2), (n, d)
    arrays = [[[draw(0, 1) for _ in range(w)] for _ in range(h)] for h, w in sizes]
    return [draw(0, 1) for _ in range(k)], *arrays, 1.0, 0


def drawn_lstm(layers: int, c: int, b: int) -> tuple[Any, ...]:
    """Return arguments of such a size."""
    draw = random.Random(c).random
    sizes = (2 * layers, 4 * b), (3, b), (2 * layers, b)
    arrays = [[[draw() for _ in range(w)] for _ in range(h)] for h, w in sizes]
    bits = [[float(draw() < 0.5) for _ in range(b)] for _ in range(c)]
    return *arrays, bits


# --- Times -------------------------------------------------------------------------


def seconds(f: Callable[[], object], least: float = 0.3) -> float:
    """Return the shortest time of some calls."""
    times: list[float] = []
    while not times or (sum(times) < least and len(times) < 1000):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


def compare(
    name: str, objective: Any, eager: Any, args: tuple[Any, ...], native: Any
) -> None:
    """Print what an objective takes, and its derivatives, eager and compiled."""
    whole, slope = seconds(lambda: objective(*args)), seconds(lambda: eager(*args))
    start = time.perf_counter()
    native()
    first = time.perf_counter() - start
    fast = seconds(native)
    print(
        f"{name:24} objective {1e3 * whole:9.3f} ms; eager gradient "
        f"{slope / whole:5.2f} times that; compiled {1e3 * fast:8.4f} ms, "
        f"{whole / fast:7.1f} times faster than the objective; "
        f"first call {first:.1f} s",
        flush=True,
    )


def inputs(folder: str | None) -> tuple[Any, Any, Any, Any]:
    """Return a residual's arguments, two mixtures' and an LSTM's."""
    if folder is None:
        camera = [0.2, -0.4, 0.3, 1.0, 2.0, -9.0, 800.0, 300.0, 200.0, 1e-2, 1e-3]
        bundle: tuple[Any, ...] = camera, [0.5, 0.7, 1.1], 0.9, [310.0, 220.0]
        mixtures = drawn_mixture(2, 5, 1000), drawn_mixture(10, 5, 1000)
        return bundle, *mixtures, drawn_lstm(2, 1024, 14)
    here = Path(folder)
    small = mixture_from(here / "gmm_1k_d2_K5.txt")
    large = mixture_from(here / "gmm_1k_d10_K5.txt")
    network = lstm_from(here / "lstm_l2_c1024.txt")
    return bundle_from(here / "ba1.txt"), small, large, network


def bundles(bundle: tuple[Any, ...]) -> tuple[list[Any], ...]:
    """Return the arguments of as many residuals, all alike, as there are `SEEN`."""
    return tuple([[x] * SEEN for x in bundle])


def adjustment(f: Any) -> Any:
    """Return what computes something of all observations, one by one."""
    return lambda *columns: [f(*args) for args in zip(*columns, strict=True)]


def compiled_gradients(folder: str | None) -> dict[str, Callable[[], Any]]:
    """Return what computes the gradient of each objective natively, by its name."""
    import numpy as np

    bundle, small, large, network = inputs(folder)
    rows = [np.array(x, dtype=float) for x in bundles(bundle)]
    of_rows = vmap(jacobian(residuals, argnums=(0, 1, 2)))
    slopes = jit(grad(mixture, argnums=(0, 1, 2)))
    of_network = jit(grad(lstm, argnums=(0, 1)))
    arrays = tuple(map(np.array, network))

    def of_mixture(args: Any) -> Callable[[], Any]:
        given = (*args[:3], np.array(args[3]), *args[4:], at_once)
        return lambda: slopes(*given)

    of_one = jit(jacobian(residuals, argnums=(0, 1, 2)))
    return {
        "residual": lambda: of_one(*bundle),
        "bundle": lambda: of_rows(*rows),
        "mixture": of_mixture(small),
        "mixture, 10 dimensions": of_mixture(large),
        "LSTM": lambda: of_network(*arrays),
    }


def main(folder: str | None = None) -> None:
    """Compare the three, on ADBench's inputs or on some of their size."""
    print("compiled engine" if COMPILED else "interpreted engine")
    bundle, small, large, network = inputs(folder)
    slope = adjustment(jacobian(residuals, argnums=(0, 1, 2)))
    of_mixture = mixture, grad(mixture, argnums=(0, 1, 2))
    of_network = lstm, grad(lstm, argnums=(0, 1))
    native = compiled_gradients(folder)
    columns = bundles(bundle)
    of_one = residuals, jacobian(residuals, argnums=(0, 1, 2))
    compare("residual", *of_one, bundle, native["residual"])
    compare("bundle", adjustment(residuals), slope, columns, native["bundle"])
    compare("mixture", *of_mixture, small, native["mixture"])
    name = "mixture, 10 dimensions"
    compare(name, *of_mixture, large, native[name])
    compare("LSTM", *of_network, network, native["LSTM"])


if __name__ == "__main__":
    main(*sys.argv[1:])
