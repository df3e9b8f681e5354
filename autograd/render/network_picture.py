"""The picture of a network; made by `autograd.draw`."""

from __future__ import annotations

from autograd.render.network import Network
from autograd.render.network_svg import alternative, network_svg, title
from autograd.render.paint import paint
from autograd.render.shown import Shown

MSG_FORMAT = (
    "a network is drawn as svg, png or pdf, not as {0!r}: it is no graph of nodes. "
    "Draw what the network computes: draw(model(row))"
)


class NetworkPicture(Shown):
    """The drawing of a network; without Graphviz, since a network has its own order.

    Args:
        shown: what the picture shows, as plain data.

    """

    def __init__(self, shown: Network) -> None:
        self.shown = shown

    def __repr__(self) -> str:
        return f"<{title(self.shown)}>"

    @property
    def words(self) -> str:  # type: ignore[override]
        """What the picture shows, in words."""
        return alternative(self.shown)

    def pipe(self, format: str = "svg") -> bytes:  # noqa: A002 - graphviz's name
        """Return the picture as bytes.

        Args:
            format: ``"svg"``, ``"png"`` or ``"pdf"``.

        Raises:
            ValueError: if it is another.
            ModuleNotFoundError: if a bitmap is asked for without matplotlib.

        """
        if format not in {"svg", "png", "pdf"}:
            raise ValueError(MSG_FORMAT.format(format or "a graph's source"))
        svg = network_svg(self.shown).encode()
        return svg if format == "svg" else paint(svg, format)
