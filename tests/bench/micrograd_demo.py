"""What does a step of micrograd's own demo cost? Against micrograd's own code.

100 moons, MLP 2-16-16-1 with relu, hinge loss and 1e-4 times the sum of squares, SGD
with a learning rate that falls from 1.0 to 0.1 in 100 steps. All rivals start from the
same numbers and take the first ten steps; the losses they end at are printed, since who
is fast and computes something else is not fast. Run it where this project and the group
`bench` of pyproject.toml are installed:

    python -P tests/bench/micrograd_demo.py

The rivals: micrograd; micrograd's demo on our `Value` and `nn` with only the imports
changed; the same training written with the losses and optimisers of `nn`.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians, show

import autograd
import nn

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = 10
ROUNDS = 3


def moons(n: int, noise: float, seed: int) -> tuple[list[list[float]], list[int]]:
    """Return points on two half circles that reach into each other, and -1 or 1."""
    rng = random.Random(seed)
    rows, labels = [], []
    for i in range(n):
        angle = rng.uniform(0.0, math.pi)
        label = 1 if i % 2 else -1
        x, y = math.cos(angle), math.sin(angle)
        if label == 1:
            x, y = 1.0 - x, 0.5 - y
        rows.append([x + rng.gauss(0.0, noise), y + rng.gauss(0.0, noise)])
        labels.append(label)
    return rows, labels


ROWS, LABELS = moons(100, 0.1, seed=1)


def demo(value: Callable[[float], Any], mlp: Callable[..., Any]) -> float:
    """Train as micrograd's demo notebook does, with whichever Value and MLP."""
    random.seed(1337)
    model = mlp(2, [16, 16, 1])
    for k in range(STEPS):
        inputs = [list(map(value, row)) for row in ROWS]
        scores = list(map(model, inputs))
        losses = [
            (1 + -label * score).relu()
            for label, score in zip(LABELS, scores, strict=True)
        ]
        data_loss = sum(losses) * (1.0 / len(losses))
        penalty = 1e-4 * sum(p * p for p in model.parameters())
        total = data_loss + penalty
        model.zero_grad()
        total.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= rate * p.grad
    return float(total.data)


def micrograd() -> float:
    """Run the demo on micrograd."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    return demo(Value, MLP)


def changed_imports() -> float:
    """Run the demo on this project."""
    return demo(autograd.Value, lambda *sizes: nn.MLP(*sizes, init="uniform"))


def our_way() -> float:
    """Train the same with what `nn` has for it."""
    random.seed(1337)
    model = nn.MLP(2, [16, 16, 1], init="uniform")
    optimizer = nn.SGD(model.parameters(), lr=nn.linear_decay(1.0, 0.1, steps=100))
    for _ in range(STEPS):
        loss = nn.hinge_loss(map(model, ROWS), LABELS) + 1e-4 * nn.l2(model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.data)


def main() -> None:
    """Print the losses reached and the time for a step."""
    rivals: dict[str, Callable[[], object]] = {
        "scalar-autograd": our_way,
        "with changed imports": changed_imports,
        "micrograd": micrograd,
    }
    print(f"autograd is {'compiled' if autograd.COMPILED else 'interpreted'}")
    for name, run in rivals.items():
        print(f"  {name:28} loss after {STEPS} steps: {run()}")
    show("a step", STEPS, medians(rivals, ROUNDS), "scalar-autograd")


if __name__ == "__main__":
    main()
