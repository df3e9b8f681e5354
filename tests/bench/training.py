"""Time an epoch of `nn.fit` beside PyTorch's and JAX's with optax, on digits.

All train the same networks on the 1,797 digits of scikit-learn in shuffled batches, and
measure loss and accuracy as they go; PyTorch on one thread and in single precision, as
it is by default. JAX's time is given without and with what is made anew for each
training, models and compiled steps; nn's has always all that `fit` does. Then the
automatic choice of `fit`'s path is timed against both paths on data of its kind. Run
where torch, jax, optax and scikit-learn are installed:

    python tests/bench/training.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
import torch
from alternating import medians
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.preprocessing import StandardScaler

import nn

ROWS, LABELS = load_digits(return_X_y=True)
ROWS = ROWS / 16.0
CASES = [([32, 10], 32), ([128, 64, 10], 32), ([128, 64, 10], 256)]
RATES = {"sgd": 0.05, "adam": 0.001}
EPOCHS = 5


def ours(sizes: list[int], batch: int, rule: str) -> Callable[[], object]:
    """Return what trains nn's network for some epochs."""
    model = nn.MLP(64, sizes, seed=0)
    optimizer = {"sgd": nn.SGD, "adam": nn.Adam}[rule](model.parameters(), RATES[rule])
    settings = {"batch_size": batch, "patience": None, "progress": False}
    return lambda: nn.fit(
        model, ROWS, LABELS, loss=nn.cross_entropy, optimizer=optimizer,
        epochs=EPOCHS, **settings,
    )  # fmt: skip


def with_torch(sizes: list[int], batch: int, rule: str) -> Callable[[], object]:
    """Return what trains PyTorch's."""
    layers: list[Any] = []
    for a, b in zip([64, *sizes[:-1]], sizes, strict=True):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    rules = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = rules[rule](model.parameters(), RATES[rule])
    x, y = torch.tensor(ROWS, dtype=torch.float32), torch.tensor(LABELS)

    def run() -> float:
        right = total = 0.0
        for _ in range(EPOCHS):
            for part in torch.randperm(len(x)).split(batch):
                scores = model(x[part])
                loss = torch.nn.functional.cross_entropy(scores, y[part])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
                right += (scores.argmax(1) == y[part]).sum().item()
        return total

    return run


def with_jax(sizes: list[int], batch: int, rule: str) -> Callable[[], object]:
    """Return what trains JAX's, each step one compiled function."""
    rng = np.random.default_rng(0)
    wide = zip([64, *sizes[:-1]], sizes, strict=True)
    params = [(rng.normal(size=(a, b)) / a**0.5, np.zeros(b)) for a, b in wide]
    optimizer = {"sgd": optax.sgd, "adam": optax.adam}[rule](RATES[rule])
    x = ROWS.astype(np.float32)

    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = params[-1]
        scores = x @ w + b
        each = optax.softmax_cross_entropy_with_integer_labels(scores, y)
        return each.mean(), (scores.argmax(1) == y).sum()

    @jax.jit
    def step(params: Any, state: Any, x: Any, y: Any) -> Any:
        found, slopes = jax.value_and_grad(loss, has_aux=True)(params, x, y)
        updates, state = optimizer.update(slopes, state, params)
        return optax.apply_updates(params, updates), state, found

    now = [params, optimizer.init(params)]

    def run() -> float:
        found = []
        for _ in range(EPOCHS):
            order = rng.permutation(len(x))
            for i in range(0, len(x), batch):
                part = order[i : i + batch]
                *now[:], numbers = step(*now, x[part], LABELS[part])
                found.append(numbers)
        return sum(float(a) + float(b) for a, b in found)

    return run


def choice(rows: Any, targets: Any, loss: Any, epochs: int) -> dict[str, float]:
    """Return the times of a whole training on both paths, and on the one chosen."""

    def run(compiled: bool | None) -> Callable[[], object]:
        def once() -> float:
            model = nn.MLP(rows.shape[1], [16, 1], seed=0)
            nn.fit(
                model, rows, targets, loss=loss, epochs=epochs, patience=None,
                progress=False, compiled=compiled,
            )  # fmt: skip
            return time.perf_counter()

        return once

    ways = {"eager": False, "compiled": True, "chosen": None}
    return medians({name: run(way) for name, way in ways.items()}, rounds=3)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for sizes, batch in CASES:
        for rule in RATES:
            given = sizes, batch, rule
            rivals = {"nn": ours(*given), "torch": with_torch(*given)}
            found = medians({**rivals, "jax": with_jax(*given)}, rounds=5)
            each = {name: 1e3 * t / EPOCHS for name, t in found.items()}
            whole = medians(
                {
                    "nn": lambda given=given: ours(*given)(),
                    "jax": lambda given=given: with_jax(*given)(),
                },
                rounds=3,
            )
            print(
                f"{'-'.join(map(str, sizes)):10} batch {batch:3} {rule:4}: "
                f"nn {each['nn']:5.1f} ms an epoch, "
                f"{each['nn'] / each['torch']:.2f} of PyTorch's time, "
                f"{each['nn'] / each['jax']:.2f} of JAX's, "
                f"{whole['nn'] / whole['jax']:.2f} with what is made anew"
            )
    rows, labels = load_breast_cancer(return_X_y=True)
    rows = StandardScaler().fit_transform(rows)
    xs, ys = load_diabetes(return_X_y=True)
    for epochs in (1, 10, 100):
        binary = nn.binary_cross_entropy_with_logits
        for what, data in (
            ("breast cancer", (rows, labels, binary)),
            ("diabetes", (20.0 * xs, ys / 100.0, nn.mse_loss)),
        ):
            found = choice(*data, epochs)
            better = min(found["eager"], found["compiled"])
            print(
                f"{what}, {epochs} epochs: {found['chosen'] / better:.2f} of the better"
                f" path's time ({found['eager']:.3f} and {found['compiled']:.3f} s)"
            )
