"""What does a step of micrograd's demo cost, compiled? Against JAX and C by hand.

100 moons, MLP 2-16-16-1 with relu, the mean hinge loss and 1e-4 times the sum of
squares, its gradient, and SGD's update of a flat array of 337 parameters. Ours is
scalar code, recorded by `jit` and `vmap`; JAX's is written by hand with tensors, and
compiled by its `jit`; the C is written by hand, gradient and all (`step.c`). All on one
core, in doubles, and all must find the same loss. Times include the call from Python.

The first call, recording and compiling included, is measured in processes of their own,
against JAX with the same scalar program.

    python -P tests/bench/compiled_step.py
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians
from micrograd_demo import moons
from setting import Table, c_library, fresh, one_core, pointer, show_time

ROWS = 100
SIZES = [2, 16, 16, 1]
PARAMETERS = 337
RATE = 0.05
REPEAT = 200
FIRST_CALLS = 5


def data() -> tuple[Any, Any, Any]:
    """Return the parameters, the points and the labels."""
    import numpy as np

    rows, labels = moons(ROWS, 0.1, seed=1)
    w = np.random.default_rng(1337).uniform(-1.0, 1.0, PARAMETERS)
    return w, np.array(rows), np.array(labels, dtype=float)


def scalar_loss(maths: Any) -> Any:
    """Return the loss of one row, as scalar code on a given module of functions."""

    def loss(w: Any, x: Any, y: Any) -> Any:
        at = 0
        for n, m in pairwise(SIZES):
            outs = []
            for _ in range(m):
                z = w[at + n]
                for i in range(n):
                    z = z + w[at + i] * x[i]
                at += n + 1
                outs.append(z if m == 1 else maths.maximum(z, 0.0))
            x = outs
        return maths.maximum(1.0 - y * x[0], 0.0)

    return loss


def ours() -> Any:
    """Return our step: the loss, and w after it, of w, xs and y."""
    import autograd
    from autograd import jit, math, value_and_grad, vmap

    class Maths:
        @staticmethod
        def maximum(x: Any, _zero: float) -> Any:
            return math.relu(x)

    batch = vmap(scalar_loss(Maths), (None, 0, 0), reduce="mean")

    def objective(w: Any, xs: Any, y: Any) -> Any:
        return batch(w, xs, y) + 1e-4 * autograd.math.sumprod(w, w)

    loss_and_gradient = value_and_grad(objective)

    @jit
    def step(w: Any, xs: Any, y: Any) -> Any:
        value, g = loss_and_gradient(w, xs, y)
        return value, w - RATE * g

    return step


def jax_tensors() -> Any:
    """Return JAX's step, as one writes it there."""
    import jax
    import jax.numpy as jnp

    def objective(w: Any, xs: Any, y: Any) -> Any:
        at, h = 0, xs
        for n, m in pairwise(SIZES):
            layer = w[at : at + m * (n + 1)].reshape(m, n + 1)
            h = h @ layer[:, :n].T + layer[:, n]
            h = h if m == 1 else jax.nn.relu(h)
            at += m * (n + 1)
        hinge = jax.nn.relu(1.0 - y * h[:, 0])
        return hinge.mean() + 1e-4 * jnp.sum(w * w)

    value_and_grad = jax.value_and_grad(objective)

    @jax.jit
    def step(w: Any, xs: Any, y: Any) -> Any:
        value, g = value_and_grad(w, xs, y)
        return value, w - RATE * g

    return step


def jax_scalars() -> Any:
    """Return JAX's value and gradient of the very scalar code that is ours."""
    import jax
    import jax.numpy as jnp

    loss = scalar_loss(jnp)

    def objective(w: Any, xs: Any, y: Any) -> Any:
        losses = jax.vmap(loss, (None, 0, 0))(w, xs, y)
        return losses.mean() + 1e-4 * sum(w[i] * w[i] for i in range(PARAMETERS))

    return jax.jit(jax.value_and_grad(objective))


def by_hand(w: Any, xs: Any, y: Any) -> Any:
    """Return the step in C."""
    import ctypes

    import numpy as np

    library = c_library("step.c")
    library.step.restype = ctypes.c_double
    n = -(-ROWS // 8) * 8
    columns = np.zeros((2, n))
    columns[:, :ROWS] = xs.T
    labels, weight, g = np.zeros(n), np.zeros(n), np.zeros(PARAMETERS)
    labels[:ROWS], weight[:ROWS] = y, 1.0 / ROWS
    arguments = [pointer(a) for a in (columns, labels, weight)]
    after = ctypes.c_int(n), pointer(g), ctypes.c_double(RATE)
    mine = pointer(w)

    def step() -> float:
        loss: float = library.step(mine, *arguments, *after)
        return loss

    step.keep = (w, columns, labels, weight, g)  # type: ignore[attr-defined]
    return step


def first_call(whose: str) -> None:
    """Print the seconds of a first call; importing and making data not counted."""
    w, xs, y = data()
    if whose == "ours":
        import llvmlite.binding

        import autograd.compiler

        assert llvmlite.binding
        assert autograd.compiler
    else:
        import jax

        jax.block_until_ready(jax.jit(lambda x: x + 1)(w))
    step = ours() if whose == "ours" else jax_scalars()
    start = time.perf_counter()
    float(step(w, xs, y)[0])
    print(time.perf_counter() - start)


def rivals() -> dict[str, Any]:
    """Return the rivals, each a step on parameters of its own that returns the loss."""
    w, xs, y = data()
    step, mine = ours(), w

    def our_step() -> float:
        nonlocal mine
        loss, mine = step(mine, xs, y)
        return float(loss)

    import jax.numpy as jnp

    tensors, state = jax_tensors(), [jnp.array(w)]
    x_jax, y_jax = jnp.array(xs), jnp.array(y)

    def jax_step() -> float:
        loss, state[0] = tensors(state[0], x_jax, y_jax)
        return float(loss)

    return {"ours": our_step, "JAX": jax_step, "C": by_hand(w.copy(), xs, y)}


def main() -> None:
    """Print the table."""
    import numpy as np

    table = Table()
    files = [fresh(__file__, "ours") for _ in range(FIRST_CALLS)]
    ours_first = float(np.median(files))
    jax_first = fresh(__file__, "jax")
    one_core()
    steps = rivals()
    for k in range(20):
        losses = {name: step() for name, step in steps.items()}
        for name, loss in losses.items():
            assert abs(loss - losses["C"]) < 1e-9, (k, name, losses)

    def turn(step: Any) -> Any:
        def run() -> None:
            for _ in range(REPEAT):
                step()

        return run

    times = medians({name: turn(step) for name, step in steps.items()})
    for name, seconds in times.items():
        show_time(f"a step, {name}", seconds / REPEAT)
    show_time("first call, ours", ours_first)
    show_time("first call, JAX", jax_first)
    table.at_least("a step: JAX's time / ours", times["JAX"] / times["ours"], 1.0, 1.5)
    table.at_most("a step: our time / C's", times["ours"] / times["C"], 1.3, 1.0)
    table.at_most("first call, s", ours_first, 0.5)
    table.at_least("first call: JAX's time / ours", jax_first / ours_first, 10.0)
    table.show()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        first_call(sys.argv[1])
    else:
        main()
