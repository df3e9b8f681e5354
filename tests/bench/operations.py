"""What does one operation cost, forward and backward? Against micrograd, XAD, PyTorch.

A chain of `* + - *` over two variables and constants, 200 and 800 nodes, then
`backward()`; the graph is freed within the turn. Run it where this project and
the group `bench` of pyproject.toml are installed:

    python -P tests/bench/operations.py
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from alternating import medians, show

import autograd


def chain(x: Any, w: Any, nodes: int) -> Any:
    """Return the end of a chain of that many nodes."""
    v = x
    for _ in range(nodes // 4):
        v = v * w
        v = v + x
        v = v - 0.5
        v = v * 0.999
    return v


def ours(nodes: int, repeat: int) -> None:
    """Build, walk and free the chain with this engine."""
    x, w = autograd.Value(1.5), autograd.Value(0.99)
    for _ in range(repeat):
        chain(x, w, nodes).backward()


def micrograd(nodes: int, repeat: int) -> None:
    """Do the same with micrograd."""
    from micrograd.engine import Value

    x, w = Value(1.5), Value(0.99)
    for _ in range(repeat):
        chain(x, w, nodes).backward()


def xad(nodes: int, repeat: int) -> None:
    """Do the same with XAD's tape."""
    import xad.adj_1st as adj

    with adj.Tape() as tape:
        for _ in range(repeat):
            tape.clearAll()
            x, w = adj.Real(1.5), adj.Real(0.99)
            tape.registerInput(x)
            tape.registerInput(w)
            tape.newRecording()
            y = chain(x, w, nodes)
            tape.registerOutput(y)
            y.setDerivative(1.0)
            tape.computeAdjoints()


def torch(nodes: int, repeat: int) -> None:
    """Do the same with PyTorch's float64 scalars."""
    import torch

    x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    w = torch.tensor(0.99, dtype=torch.float64, requires_grad=True)
    for _ in range(repeat):
        chain(x, w, nodes).backward()


def main() -> None:
    """Print a table for each length of chain."""
    print(f"autograd is {'compiled' if autograd.COMPILED else 'interpreted'}")
    for nodes in (200, 800):
        repeats = {"scalar-autograd": 200, "micrograd": 20, "xad": 50, "torch": 5}
        rivals = {"scalar-autograd": ours, "micrograd": micrograd, "xad": xad}
        rivals["torch"] = torch
        times = medians(
            {
                name: functools.partial(run, nodes, repeats[name])
                for name, run in rivals.items()
            }
        )
        found = {name: times[name] / repeats[name] for name in times}
        print(f"chain of {nodes} nodes")
        show("an operation", nodes, found, "scalar-autograd")


if __name__ == "__main__":
    main()
