"""Small neural networks out of scalars: modules, losses, optimisers, training.

Everything here is made of `autograd.Value` through its public names, so each number of
a network can be looked at, drawn and explained. The names are micrograd's, so its own
examples run after a change of imports (what reaches into its Value, or subclasses it,
does not):

>>> from autograd import Value
>>> from nn import MLP
>>> model = MLP(2, [16, 16, 1], seed=0)
>>> len(model.parameters())
337
>>> isinstance(model([0.5, -1.0]), Value)
True

HIPS's `autograd` on PyPI has the same import name as ours, and whichever is installed
last wins in silence; so the first thing done here is to see which one that is.
"""

from __future__ import annotations

from typing import Any

import autograd

MSG_OTHER_AUTOGRAD = """\
nn needs the `autograd` of scalar-autograd, but `import autograd` finds another package
of that name, {found}: probably HIPS's autograd, which has the same import name and
cannot be installed beside ours. To repair it, write
    pip uninstall autograd
    pip install --force-reinstall --no-deps scalar-autograd
(the second line because the first also removes files that the two have in common)"""

if not (hasattr(autograd, "Value") and hasattr(autograd, "COMPILED")):
    raise ImportError(
        MSG_OTHER_AUTOGRAD.format(found=getattr(autograd, "__file__", None)),
        name="autograd",
    )

# Only now, since with another autograd these would fail with a riddle.
from nn.blocks import (  # noqa: E402
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    Sequential,
)
from nn.layers import MLP, Layer  # noqa: E402
from nn.losses import (  # noqa: E402
    accuracy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    hinge_loss,
    huber_loss,
    l1,
    l2,
    mae_loss,
    mean_of,
    mse_loss,
)
from nn.module import Module  # noqa: E402
from nn.neuron import Neuron  # noqa: E402
from nn.optim import Optimizer, clip_gradients  # noqa: E402
from nn.rules import LBFGS, SGD, Adagrad, Adam, AdamW, RMSprop  # noqa: E402
from nn.saving import load, save  # noqa: E402
from nn.schedules import (  # noqa: E402
    Plateau,
    constant,
    cosine_decay,
    exponential_decay,
    linear_decay,
    one_cycle,
    step_decay,
    warm_up,
)
from nn.training.fit import fit  # noqa: E402
from nn.training.history import History  # noqa: E402

__all__ = [
    "LBFGS",
    "MLP",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Dropout",
    "Embedding",
    "History",
    "Layer",
    "LayerNorm",
    "Linear",
    "Module",
    "Neuron",
    "Optimizer",
    "Plateau",
    "RMSprop",
    "Sequential",
    "TrainingView",
    "accuracy",
    "binary_cross_entropy_with_logits",
    "clip_gradients",
    "constant",
    "cosine_decay",
    "cross_entropy",
    "exponential_decay",
    "fit",
    "hinge_loss",
    "huber_loss",
    "l1",
    "l2",
    "linear_decay",
    "load",
    "mae_loss",
    "mean_of",
    "mse_loss",
    "one_cycle",
    "play",
    "save",
    "step_decay",
    "training_view",
    "warm_up",
]

# Imported when first used.
_LATER = {
    "TrainingView": "nn.training.view",
    "training_view": "nn.training.view",
    "play": "nn.playground",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "sklearn":  # nn.sklearn.MLPClassifier, after `import nn` alone
        return import_module("nn.sklearn")
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    from difflib import get_close_matches

    own = {known.lower(): known for known in __all__}
    near = get_close_matches(name.lower(), own, 1)
    hint = f"; it may be {own[near[0]]!r}" if near else ""
    message = f"module {__name__!r} has no attribute {name!r}{hint}"
    raise AttributeError(message)
