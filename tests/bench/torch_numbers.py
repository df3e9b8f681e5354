"""Write tests/torch_numbers.json: what PyTorch's optimisers do in 20 steps.

The problem is small and has both a curved and a bent direction; gradients are computed
by hand, so that the optimisers alone are compared. Run where PyTorch is installed:

    python tests/bench/torch_numbers.py
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch

START = [1.0, -2.0, 0.5]
CASES = {
    "SGD": {"lr": 0.05},
    "SGD momentum": {"lr": 0.05, "momentum": 0.9},
    "SGD nesterov": {
        "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01,
    },
    "RMSprop": {"lr": 0.05},
    "RMSprop momentum": {
        "lr": 0.02, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1,
    },
    "Adagrad": {"lr": 0.3, "weight_decay": 0.01},
    "Adam": {"lr": 0.1},
    "Adam decay": {"lr": 0.1, "betas": [0.8, 0.95], "weight_decay": 0.1},
    "AdamW": {"lr": 0.1},
    "AdamW decay": {"lr": 0.05, "weight_decay": 0.3},
}  # fmt: skip


def gradient(x: list[float]) -> list[float]:
    """Return the gradient of x0**4 / 4 + cosh(x1) + 3 x2**2 + x0 x2."""
    a, b, c = x
    return [a**3 + c, math.sinh(b), 6.0 * c + a]


def run(name: str, settings: dict[str, object]) -> list[list[float]]:
    """Return the parameters after each of 20 steps."""
    x = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, name.partition(" ")[0])([x], **settings)
    places = []
    for _ in range(20):
        x.grad = torch.tensor(gradient(x.tolist()), dtype=torch.float64)
        optimizer.step()
        places.append(x.tolist())
    return places


if __name__ == "__main__":
    found = {
        name: {"settings": settings, "places": run(name, settings)}
        for name, settings in CASES.items()
    }
    out = {"torch": torch.__version__, "start": START, "cases": found}
    path = Path(__file__).parents[1] / "torch_numbers.json"
    path.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
