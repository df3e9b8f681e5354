"""ADBench's gradients beside PyTorch's and JAX's, at the small sizes.

Theirs are written as their users would: over whole arrays, in double precision, the
time steps of the LSTM in a loop of PyTorch's and in a `scan` of JAX's, whose functions
are compiled before they are timed. All give the same gradients. Run where torch and jax
are installed:

    python tests/bench/adbench_rivals.py [DIRECTORY]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from adbench import bundles, compiled_gradients, inputs
from alternating import medians

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def mixture(xp: Any, alphas: Any, means: Any, factors: Any, points: Any) -> Any:
    """Return the log-likelihood and the prior, in the words of `adbench.mixture`."""
    n, d = points.shape
    low = [(i, j) for j in range(d) for i in range(j + 1, d)]
    diagonals = xp.exp(factors[:, :d])
    traces = factors[:, :d].sum(1)
    at = {pair: d + k for k, pair in enumerate(low)}
    rows = [
        xp.stack(
            [
                diagonals[:, i] if i == j
                else factors[:, at[i, j]] if j < i else 0.0 * traces
                for j in range(d)
            ], 1,
        )
        for i in range(d)
    ]  # fmt: skip
    triangle = xp.stack(rows, 1)
    away = points[:, None, :] - means[None]
    turned = xp.einsum("kij,nkj->nki", triangle, away)
    each = alphas + traces - 0.5 * (turned**2).sum(2)
    sums = _logsumexp(xp, each).sum() - n * _logsumexp(xp, alphas)
    whole = 0.25 * d * (d - 1) * math.log(math.pi)
    whole += sum(math.lgamma(0.5 * (d + 1 - j)) for j in range(d))
    constant = -(d + 1) * d * 0.5 * math.log(2.0) - whole
    squares = (diagonals**2).sum(1) + (factors[:, d:] ** 2).sum(1)
    prior = (0.5 * squares - constant).sum()
    return sums - 0.5 * n * d * math.log(2.0 * math.pi) + prior


def _logsumexp(xp: Any, x: Any) -> Any:
    return xp.logsumexp(x, -1) if xp is torch else jax.scipy.special.logsumexp(x, -1)


def residuals(xp: Any, camera: Any, point: Any, weight: Any, seen: Any) -> Any:
    """Return two residuals, in the words of `adbench.residuals`."""
    away, rotation = point - camera[3:6], camera[:3]
    angle = xp.sqrt((rotation * rotation).sum())
    axis = rotation / angle
    c, s = xp.cos(angle), xp.sin(angle)
    one, two = (xp.roll(axis, -k) for k in (1, 2))
    crossed = one * xp.roll(away, -2) - two * xp.roll(away, -1)
    turned = away * c + crossed * s + axis * (axis * away).sum() * (1.0 - c)
    flat = turned[:2] / turned[2]
    r = (flat * flat).sum()
    bend = 1.0 + camera[9] * r + camera[10] * r * r
    return weight * (flat * bend * camera[6] + camera[7:9] - seen)


def cell(xp: Any, x: Any, hidden: Any, cells: Any, w: Any, b: Any) -> tuple[Any, Any]:
    """Return a layer's hidden numbers and cells; w and b have a row for each gate."""
    sigmoid = torch.sigmoid if xp is torch else jax.nn.sigmoid
    forget, ingate = sigmoid(x * w[0] + b[0]), sigmoid(hidden * w[1] + b[1])
    outgate, change = sigmoid(x * w[2] + b[2]), xp.tanh(hidden * w[3] + b[3])
    cells = cells * forget + ingate * change
    return outgate * xp.tanh(cells), cells


def one_step(xp: Any, main: Any, extra: Any, states: Any, x: Any, t: Any) -> Any:
    """Return the states after a character, and what the next one's loss is."""
    row, new = x * extra[0], []
    for (w, b), (hidden, cells) in zip(main, states, strict=True):
        row, cells = cell(xp, row, hidden, cells, w, b)  # noqa: PLW2901 - the next ones
        new.append((row, cells))
    out = row * extra[1] + extra[2]
    norm = xp.log(2.0 + xp.exp(out).sum())
    return new, (t * (out - norm)).sum()


def _layers(main: Any, b: int) -> list[Any]:
    cut = main.reshape(len(main) // 2, 2, 4, b)
    return [(pair[0], pair[1]) for pair in cut]


def lstm_of_torch(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """Return the loss, step by step."""
    b = sequence.shape[1]
    layers = _layers(main, b)
    states: Any = [tuple(state[i : i + 2]) for i in range(0, len(state), 2)]
    total: Any = 0.0
    for k in range(len(sequence) - 1):
        given = states, sequence[k], sequence[k + 1]
        states, score = one_step(torch, layers, extra, *given)
        total = total + score
    return -total / (b * (len(sequence) - 1))


def lstm_of_jax(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """Return the loss, the steps as a scan."""
    b = sequence.shape[1]
    layers = _layers(main, b)
    states = [tuple(state[i : i + 2]) for i in range(0, len(state), 2)]

    def step(states: Any, pair: Any) -> Any:
        return one_step(jnp, layers, extra, states, *pair)

    _, scores = jax.lax.scan(step, states, (sequence[:-1], sequence[1:]))
    return -scores.sum() / (b * (len(sequence) - 1))


def of_torch(f: Callable[..., Any], n: int, *args: Any) -> Callable[[], Any]:
    """Return what computes the gradients by the first n arguments with PyTorch."""
    given = [torch.tensor(np.asarray(x, dtype=float)) for x in args]

    def run() -> Any:
        leaves = [x.clone().requires_grad_() for x in given[:n]]
        f(*leaves, *given[n:]).backward()
        return [x.grad for x in leaves]

    return run


def of_jax(f: Callable[..., Any], n: int, *args: Any) -> Callable[[], Any]:
    """Return what computes them with JAX."""
    given = [jnp.asarray(np.asarray(x, dtype=float)) for x in args]
    slope = jax.jit(jax.grad(f, tuple(range(n))))
    return lambda: jax.block_until_ready(slope(*given))


def pairs(folder: str | None) -> dict[str, tuple[Any, Any]]:
    """Return what PyTorch and JAX run for each of the three."""
    bundle, small, _, network = inputs(folder)
    many = [np.asarray(x, dtype=float) for x in bundles(bundle)]
    three = (0, 1, 2)
    jacobians = torch.func.vmap(
        torch.func.jacrev(lambda *args: residuals(torch, *args), three)
    )
    tensors = [torch.tensor(x) for x in many]
    of_rows = jax.jit(jax.vmap(jax.jacrev(lambda *args: residuals(jnp, *args), three)))
    arrays = [jnp.asarray(x) for x in many]
    return {
        "mixture": (
            of_torch(lambda *a: mixture(torch, *a), 3, *small[:4]),
            of_jax(lambda *a: mixture(jnp, *a), 3, *small[:4]),
        ),
        "bundle": (
            lambda: jacobians(*tensors),
            lambda: jax.block_until_ready(of_rows(*arrays)),
        ),
        "LSTM": (
            of_torch(lstm_of_torch, 2, *network),
            of_jax(lstm_of_jax, 2, *network),
        ),
    }


def _flat(tree: Any) -> list[float]:
    if isinstance(tree, Sequence):
        return [x for part in tree for x in _flat(part)]
    return np.asarray(tree).ravel().tolist()  # type: ignore[no-any-return]


def main(folder: str | None = None) -> None:
    """Print each one's time over ours."""
    native = compiled_gradients(folder)
    for name, theirs in pairs(folder).items():
        ours = native[name]
        found = [np.sort(_flat(run())) for run in (ours, *theirs)]
        for other in found[1:]:
            np.testing.assert_allclose(other, found[0], rtol=1e-7, atol=1e-9)
        rivals = {"ours": ours, "torch": theirs[0], "jax": theirs[1]}
        times = medians(rivals, rounds=7)
        print(
            f"{name:8} ours {1e3 * times['ours']:8.3f} ms; PyTorch "
            f"{times['torch'] / times['ours']:7.1f} times that, JAX "
            f"{times['jax'] / times['ours']:6.2f} times",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
