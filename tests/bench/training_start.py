"""Write tests/training_start.json: how well networks learn from where weights start.

Two spirals and a sine, by networks of two hidden layers of 32 tanh neurons, trained
with Adam and batches of 32, from ten seeds: by nn with its own start, by nn with biases
that are 0, and by PyTorch with its. Run where PyTorch is installed:

    python tests/bench/training_start.py
"""

from __future__ import annotations

import json
import math
import random
import statistics
from pathlib import Path
from typing import Any

import torch

import nn

SEEDS = 10
EPOCHS = 300
RATE = 0.01


def spirals(seed: int) -> tuple[list[list[float]], list[int]]:
    """Return 400 points on two spirals of one and a half turns, and 0 or 1."""
    rng = random.Random(seed)
    rows, labels = [], []
    for k in range(400):
        t = 3.0 * math.pi * math.sqrt(rng.random())
        side = 1.0 if k % 2 else -1.0
        point = [side * t * math.cos(t), side * t * math.sin(t)]
        rows.append([x / (3.0 * math.pi) + rng.gauss(0.0, 0.01) for x in point])
        labels.append(k % 2)
    return rows, labels


def sine() -> tuple[list[list[float]], list[float]]:
    """Return 200 points of three half waves."""
    xs = [-1.0 + 2.0 * k / 199.0 for k in range(200)]
    return [[x] for x in xs], [math.sin(3.0 * math.pi * x) for x in xs]


def accuracy(scores: list[float], labels: list[int]) -> float:
    """Return the share of points on the right side."""
    return nn.accuracy(scores, labels)


def r2(predictions: list[float], targets: list[float]) -> float:
    """Return the share of the variance that is explained."""
    mean = statistics.fmean(targets)
    left = sum((p - t) ** 2 for p, t in zip(predictions, targets, strict=True))
    return 1.0 - left / sum((t - mean) ** 2 for t in targets)


def ours(rows: Any, targets: Any, loss: Any, seed: int, **start: Any) -> list[float]:
    """Return the predictions of nn's network, once it is trained."""
    model = nn.MLP(len(rows[0]), [32, 32, 1], "tanh", seed=seed, **start)
    nn.fit(
        model, rows, targets, loss=loss, optimizer=nn.Adam(model.parameters(), RATE),
        epochs=EPOCHS, patience=None, metrics=[], seed=seed, progress=False,
    )  # fmt: skip
    found: list[float] = model.predict(rows).tolist()
    return found


def theirs(rows: Any, targets: Any, loss: Any, seed: int) -> list[float]:
    """Return the predictions of PyTorch's."""
    torch.manual_seed(seed)
    wide = [torch.nn.Linear(len(rows[0]), 32), torch.nn.Linear(32, 32)]
    model = torch.nn.Sequential(
        wide[0], torch.nn.Tanh(), wide[1], torch.nn.Tanh(), torch.nn.Linear(32, 1)
    )
    optimizer = torch.optim.Adam(model.parameters(), RATE)
    x, y = torch.tensor(rows), torch.tensor(targets, dtype=torch.float32)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for batch in order.split(32):
            optimizer.zero_grad()
            loss(model(x[batch])[:, 0], y[batch]).backward()
            optimizer.step()
    found: list[float] = model(x)[:, 0].tolist()
    return found


def run(seed: int) -> dict[str, list[float]]:
    """Return accuracy and R2 of one seed by whose network it is."""
    rows, labels = spirals(seed)
    xs, ys = sine()
    found = {}
    for name, start in (("nn", {}), ("zero biases", {"bias_init": 0})):
        scores = ours(rows, labels, nn.binary_cross_entropy_with_logits, seed, **start)
        waves = ours(xs, ys, nn.mse_loss, seed, **start)
        found[name] = [accuracy(scores, labels), r2(waves, ys)]
    binary = torch.nn.functional.binary_cross_entropy_with_logits
    scores = theirs(rows, labels, binary, seed)
    waves = theirs(xs, ys, torch.nn.functional.mse_loss, seed)
    found["PyTorch"] = [accuracy(scores, labels), r2(waves, ys)]
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    runs = [run(seed) for seed in range(SEEDS)]
    path = Path(__file__).parents[1] / "training_start.json"
    record = {"torch": torch.__version__, "seeds": SEEDS, "runs": runs}
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for name in runs[0]:
        columns = zip(*[found[name] for found in runs], strict=True)
        print(name, [round(statistics.median(c), 4) for c in columns])
