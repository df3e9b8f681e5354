"""Checkpoints: all that a training goes on from, in one file of JSON.

JSON writes a float with the digits that give the same float again, so a run that is
resumed goes on with the same bits.
"""

from __future__ import annotations

import dataclasses
import os
from random import Random
from typing import TYPE_CHECKING, Any

from nn.saving import read_json, write_json

if TYPE_CHECKING:
    from nn.training.run import Run

FORMAT = "scalar-autograd checkpoint"

MSG_NOT_HERE = (
    "{path} is the checkpoint of another training: {what}. Resume with the same model, "
    "optimiser and data, or start a new run without resume=True"
)


def save_run(path: str | os.PathLike[str], run: Run) -> None:
    """Write where a training is."""
    optimizer, best = run.job.optimizer, run.best
    rate: Any = optimizer.lr
    content = {
        "format": FORMAT,
        "version": 1,
        "parameters": [p.data for p in run.job.params],
        "optimizer": optimizer.state_dict(),
        "rate": vars(rate) if hasattr(rate, "see") else None,
        "history": dataclasses.asdict(run.history),
        "order": run.order,
        "dice": [*run.rng.getstate()],
        "best": [best.loss, best.waited, best.lowest, best.numbers],
    }
    write_json(path, content)


def load_run(path: str | os.PathLike[str], run: Run) -> None:
    """Go on from where a training was, if there is such a file.

    Raises:
        ValueError: if it is damaged or another's; nothing is changed then.

    """
    if not os.path.exists(path):  # noqa: PTH110 - a path of any kind
        return
    found = read_json(path, FORMAT)
    job, best = run.job, run.best
    rate: Any = job.optimizer.lr
    try:
        numbers = list(map(float, found["parameters"]))
        shown, parts = found["history"], dataclasses.fields(run.history)
        for what, fits in (
            (f"it has {len(numbers)} parameters", len(numbers) == len(job.params)),
            ("its rows are others", sorted(found["order"]) == sorted(run.order)),
            (
                "its history has other parts",
                set(shown) == {part.name for part in parts},
            ),
        ):
            if not fits:
                raise ValueError(MSG_NOT_HERE.format(path=path, what=what))
        version, words, rest = found["dice"]
        Random().setstate((version, tuple(words), rest))  # noqa: S311 - to try it
        loss, waited, lowest, values = found["best"]
        job.optimizer.load_state_dict(found["optimizer"])
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(MSG_NOT_HERE.format(path=path, what=error)) from error
    for p, number in zip(job.params, numbers, strict=True):
        p.data = number
    run.trainer.good = numbers
    if found.get("rate"):
        vars(rate).update(found["rate"])
    vars(run.history).update(shown)
    run.order[:] = found["order"]
    run.rng.setstate((version, tuple(words), rest))
    best.loss, best.waited, best.lowest, best.numbers = loss, waited, lowest, values
