"""History: what happened during `nn.fit`, for a look, a plot, or the next run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MSG_PLOT = "to plot a history: pip install matplotlib"


@dataclass
class History:
    """What happened during `fit`.

    Attributes:
        losses: the mean loss of each epoch, over its batches as they were trained on.
        metrics: for each metric by its name, its value for each epoch.
        validation_losses: the loss on the validation data after each epoch, if given.
        validation_metrics: the metrics on them.
        epochs: how many epochs there were.
        stopped_because: "converged", "epochs" if all of them were used up,
            "interrupted" by Ctrl-C, or what `stop` was told.
        seconds: how long they took, with what was compiled for them.
        path: "compiled", or "eager".
        why_eager: if it was eager, from the beginning or later on, why.

    """

    losses: list[float] = field(default_factory=list)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    validation_losses: list[float] = field(default_factory=list)
    validation_metrics: dict[str, list[float]] = field(default_factory=dict)
    epochs: int = 0
    stopped_because: str = "epochs"
    seconds: float = 0.0
    path: str = "eager"
    why_eager: str = ""

    @property
    def accuracy(self) -> list[float]:
        """The accuracy of each epoch; empty where it is none of the metrics."""
        return self.metrics.get("accuracy", [])

    @property
    def validation_accuracy(self) -> list[float]:
        """The accuracy on the validation data."""
        return self.validation_metrics.get("accuracy", [])

    def stop(self, because: str = "stopped") -> None:
        """Say, in ``each_epoch``, that this epoch is to be the last."""
        self.stopped_because = because

    def curves(self) -> dict[str, list[float]]:
        """Return all numbers of all epochs by name."""
        curves = {"loss": self.losses, **self.metrics}
        curves["validation_loss"] = self.validation_losses
        named = self.validation_metrics.items()
        curves.update({f"validation_{name}": numbers for name, numbers in named})
        return {name: numbers for name, numbers in curves.items() if numbers}

    def latest(self) -> dict[str, float]:
        """Return the last epoch's figures by name."""
        return {name: numbers[-1] for name, numbers in self.curves().items()}

    def plot(self) -> Any:
        """Return a matplotlib figure of the losses, and of the metrics if there are.

        Raises:
            ModuleNotFoundError: if matplotlib is not installed.

        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ModuleNotFoundError(MSG_PLOT) from error
        curves = self.curves()
        wide = 1 + any(not name.endswith("loss") for name in curves)
        figure = Figure((4.2 * wide, 3.4), layout="constrained")
        axes = figure.subplots(1, wide, squeeze=False)[0]
        for name, numbers in curves.items():
            place = axes[0] if name.endswith("loss") else axes[-1]
            place.plot(range(1, len(numbers) + 1), numbers, label=name)
        for place in axes:
            place.set(xlabel="epoch")
            place.grid(alpha=0.3)
            place.legend()
        return figure

    def __repr__(self) -> str:
        words = [f"epochs={self.epochs}", f"stopped_because={self.stopped_because!r}"]
        words += [f"{name}={number:.4g}" for name, number in self.latest().items()]
        words += [f"seconds={self.seconds:.2f}", f"path={self.path!r}"]
        if 0 < len(self.why_eager) <= 60:
            words.append(f"why_eager={self.why_eager!r}")
        return f"History({', '.join(words)})"
