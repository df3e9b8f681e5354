"""The controls of a playground in a running notebook, by anywidget.

What is chosen there comes as a message; what it leads to goes back as a picture and a
few words. While it runs, the script asks for the next epoch when it has shown the last
one, so neither threads nor clocks are needed, and the kernel is free in between.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nn.playground import Playground

HERE = Path(__file__).parent
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
ACTIVATIONS = ("tanh", "relu", "leaky_relu", "gelu", "sigmoid", "linear")

MSG_HIDDEN = "Hidden units: write numbers with commas between them, like 4, 2; not {0}"


@cache
def _kind() -> Any:
    """Return the widget's class, or None where anywidget is not installed."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None

    class PlaygroundWidget(anywidget.AnyWidget):
        _esm = HERE / "playground.js"
        _css = HERE / "playground.css"
        state = traitlets.Dict().tag(sync=True)

    return PlaygroundWidget


def widget_of(playground: Playground) -> Any:
    """Return the widget that plays, None without anywidget."""
    kind = _kind()
    if kind is None:
        return None
    widget = kind(state=state_of(playground, ""))

    def answer(_: object, message: dict[str, Any], __: object) -> None:
        fault = ""
        try:
            obey(playground, message)
        except (ArithmeticError, TypeError, ValueError) as error:
            fault = str(error)
        widget.state = state_of(playground, fault) | {"asked": message.get("asked")}

    widget.on_msg(answer)
    return widget


def state_of(playground: Playground, fault: str) -> dict[str, Any]:
    """Return what the script shows: the picture, the settings, what went wrong."""
    return {
        "svg": playground.to_svg(),
        "rate": playground.lr,
        "rates": sorted({*RATES, playground.lr}),
        "activation": playground.activation,
        "activations": list(dict.fromkeys([*ACTIVATIONS, playground.activation])),
        "hidden": ", ".join(map(str, playground.hidden)),
        "fault": fault,
    }


def obey(playground: Playground, message: dict[str, Any]) -> None:
    """Do what was chosen: see the script for what there is."""
    do = message["do"]
    if do == "step":
        playground.step()
    elif do == "rate":
        playground.lr = float(message["rate"])
    else:
        hidden = message.get("hidden")
        sizes = None if hidden is None else _sizes(hidden)
        playground.restart(sizes, message.get("activation"))


def _sizes(text: str) -> list[int]:
    parts = text.replace(",", " ").split()
    try:
        return [int(part) for part in parts]
    except ValueError:
        message = MSG_HIDDEN.format(text)
        raise ValueError(message) from None
