"""The tour: what ``python -m autograd`` shows when it is given nothing to compute.

It trains networks, so it is the one module besides the command line that imports `nn`;
nothing in `autograd` imports it. What is heavy (scikit-learn, matplotlib) is imported
when the tour is taken, not before; all that may be missing, the place to write to
included, is looked for before the work begins.

Letters, as in the worked example: ``x`` the inputs, ``z`` what goes into a neuron,
``h`` what comes out of a hidden one, ``y`` the output, ``t`` the target.
"""
# ruff: noqa: T201 - a tour prints

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd import COMPILED, Value, draw, no_grad
from autograd.math import sigmoid
from nn import (
    MLP,
    SGD,
    Adam,
    accuracy,
    binary_cross_entropy_with_logits,
    cosine_decay,
    cross_entropy,
    fit,
    training_view,
)

if TYPE_CHECKING:
    from nn import History

LEARNING_RATE = 0.1
INPUTS = (0.5, 0.3)
TARGET = 0.8
PARAMETERS = {
    "W1[1,1]": 0.5, "W1[1,2]": 0.3, "W1[2,1]": 0.2, "W1[2,2]": 0.4,
    "b1[1]": 0.1, "b1[2]": 0.2,
    "W2[1]": 0.6, "W2[2]": 0.7, "b2": 0.3,
}  # fmt: skip
# What the article prints: numbers, and under "by ..." derivatives of the loss. Its
# delta 1 is the derivative by what comes out of each hidden neuron, and right.
PRINTED = {
    "z1[1]": "0.31", "z1[2]": "0.29", "h[1]": "0.57", "h[2]": "0.57", "z2": "0.71",
    "y": "0.67", "loss": "0.017",
    "by z2": "-0.05", "by h[1]": "-0.01", "by h[2]": "-0.01",
    "by W2[1]": "-0.03", "by W2[2]": "-0.04", "by b2": "-0.05",
}  # fmt: skip

NEEDED = {"sklearn": "scikit-learn", "matplotlib": "matplotlib", "tqdm": "tqdm"}
MSG_MISSING = (
    "the tour needs {what}, not installed here: pip install "
    '"scalar-autograd[draw,notebook]"'
)
MSG_OUT = "{reason}, so the tour cannot write there: choose a folder with --out DIR"

FORM = {
    True: "scalar-autograd runs compiled.",
    False: "scalar-autograd runs as plain Python; installed with a C compiler at hand "
    "it is about\nten times as fast, with the same numbers.",
}


def tour(out: Path) -> None:
    """Work an example by hand, train on moons and digits, and draw.

    Args:
        out: the folder for the pictures; it is made if it does not exist.

    Raises:
        ModuleNotFoundError: if a package that the tour needs is not installed.
        OSError: if nothing can be written to ``out``.

    """
    missing = [package for name, package in NEEDED.items() if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(MSG_MISSING.format(what=" and ".join(missing)))
    _prepare(out)
    print(FORM[COMPILED])
    written = [*_by_hand(out), *_moons(out)]
    _digits()
    print("\nWritten:")
    for path, what in written:
        print(f"  {path}  {what}")


def worked_example() -> dict[str, Value]:
    """Return the nodes of one step of a 2-2-1 sigmoid network, after ``backward()``.

    The example is that of a well-known introduction to backpropagation (Volcengine
    developer community, 2024), with the right numbers.

    >>> nodes = worked_example()
    >>> round(nodes["loss"].data, 6), round(nodes["W1[1,1]"].grad, 6)
    (0.002637, -0.00139)

    """
    p = {name: Value(number, name) for name, number in PARAMETERS.items()}
    x1, x2 = INPUTS
    nodes = dict(p)

    def called(name: str, node: Value) -> Value:
        node.name = name
        nodes[name] = node
        return node

    h = []
    for j in (1, 2):
        z = x1 * p[f"W1[1,{j}]"] + x2 * p[f"W1[2,{j}]"] + p[f"b1[{j}]"]
        h.append(called(f"h[{j}]", sigmoid(called(f"z1[{j}]", z))))
    z2 = called("z2", h[0] * p["W2[1]"] + h[1] * p["W2[2]"] + p["b2"])
    y = called("y", sigmoid(z2))
    called("loss", (TARGET - y) ** 2).backward()
    return nodes


def _by_hand(out: Path) -> list[tuple[Path, str]]:
    nodes = worked_example()
    graph = out / "worked-example.svg"
    draw(nodes["loss"], graph, partials=True)
    gradient_of = {name: node.grad for name, node in nodes.items()}
    SGD([nodes[name] for name in PARAMETERS], LEARNING_RATE).step()

    print("\n1. One step of backpropagation by hand: a 2-2-1 sigmoid network")
    print("   (the introduction it is from printed wrong numbers: see 'printed')\n")
    print("   forward                                         printed       right")
    rows = [
        ("hidden input 1", "z1[1]"), ("hidden input 2", "z1[2]"),
        ("hidden output 1", "h[1]"), ("hidden output 2", "h[2]"),
        ("output input", "z2"), ("output", "y"), ("loss (0.8 - y)**2", "loss"),
    ]  # fmt: skip
    for what, name in rows:
        _row(what, name, PRINTED[name], nodes[name].data)
    print("\n   backward: d loss / d")
    derivatives = [
        ("output input (delta 2)", "z2"),
        ("output weight 1", "W2[1]"), ("output weight 2", "W2[2]"),
        ("output bias", "b2"),
        ("hidden output 1 (delta 1)", "h[1]"), ("hidden output 2 (delta 1)", "h[2]"),
        ("hidden input 1", "z1[1]"), ("hidden input 2", "z1[2]"),
    ]  # fmt: skip
    for what, name in derivatives:
        _row(what, name, PRINTED.get(f"by {name}", ""), gradient_of[name])
    print("\n   parameter            before         gradient        after the update")
    for name, before in PARAMETERS.items():
        after = nodes[name].data
        print(f"   {name:8}{before:19.3f}{gradient_of[name]:17.8f}{after:24.8f}")
    return [(graph, "the graph of the worked example")]


def _row(what: str, name: str, printed: str, right: float) -> None:
    print(f"   {what:28}{name:8}{printed:>19}{right:12.6f}")


def _moons(out: Path) -> list[tuple[Path, str]]:
    from sklearn.datasets import make_moons

    points, labels = make_moons(100, noise=0.1, random_state=0)
    model = MLP(2, [16, 16, 1], seed=0)
    n = len(model.parameters())
    print(f"\n2. 100 noisy moons, MLP(2, [16, 16, 1]) of {n} parameters\n", flush=True)
    history = fit(
        model,
        points,
        labels,
        loss=binary_cross_entropy_with_logits,
        optimizer=Adam(model.parameters(), lr=0.03),
        epochs=60,
        batch_size=20,
    )
    _result(model, points, labels, "of the points", history)
    boundary, curve = out / "moons-boundary.png", out / "moons-loss.png"
    training_view(history, model, points, labels).figure().savefig(boundary)
    history.plot().savefig(curve)
    return [(boundary, "the decision boundary"), (curve, "the loss curve")]


def _digits() -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    def split(classes: int) -> Any:
        images, labels = load_digits(n_class=classes, return_X_y=True)
        return train_test_split(
            images / 16, labels, test_size=0.25, random_state=0, stratify=labels
        )

    train, test, labels, truth = split(2)
    print("\n3. Handwritten digits, 8 x 8 pixels: zeros against ones, MLP(64, [8, 1])")
    print(f"   {len(train)} rows to learn from, {len(test)} held out\n", flush=True)
    model = MLP(64, [8, 1], seed=0)
    loss: Any = binary_cross_entropy_with_logits
    history = fit(model, train, labels, loss=loss, epochs=20)
    _result(model, test, truth, "of the held-out rows", history)

    if not COMPILED:
        print("   (all ten digits are left out: compiled they take some seconds)")
        return
    train, test, labels, truth = split(10)
    print("\n4. All ten digits, MLP(64, [32, 10])")
    print(f"   {len(train)} rows to learn from, {len(test)} held out\n", flush=True)
    model = MLP(64, [32, 10], seed=0)
    epochs, size = 15, 32
    rate = cosine_decay(0.02, 0.0005, epochs * len(train) // size)
    history = fit(
        model,
        train,
        labels,
        loss=cross_entropy,
        optimizer=Adam(model.parameters(), rate),
        epochs=epochs,
        batch_size=size,
        patience=None,
    )
    _result(model, test, truth, "of the held-out rows", history)


def _result(model: MLP, rows: Any, labels: Any, of: str, history: History) -> None:
    with no_grad():
        share = accuracy([model(row) for row in rows], labels)
    print(
        f"\n   {share:.1%} {of} are classified right, "
        f"after {history.epochs} epochs in {history.seconds:.1f} s",
        flush=True,
    )


def _prepare(out: Path) -> None:
    """Make the folder and find out whether it can be written to."""
    probe = out / ".scalar-autograd"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = f"{error.strerror}: {out}"
        raise OSError(MSG_OUT.format(reason=reason)) from None
