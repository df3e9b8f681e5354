"""What a picture does with its bytes: into a file, or into a notebook.

In Jupyter a picture is an ``<img>`` with its SVG inside. An inline ``<svg>`` is removed
from a notebook that is not trusted; an image stays.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

SUFFIXES = {
    ".svg": "svg",
    ".png": "png",
    ".pdf": "pdf",
    ".dot": "",
    ".gv": "",
    ".mermaid": "mermaid",
    ".mmd": "mermaid",
}

MSG_SUFFIX = "a picture's file name says its format: {0!r} does not end in one of {1}"
MSG_WRITE = (
    "cannot write the picture ({0}). Choose a folder that exists and that you may "
    "write to"
)


class Shown:
    """A picture: it has ``pipe(format)``, and ``words`` that say what it shows."""

    words: str
    pipe: Any

    def content(self, format_: str) -> bytes:
        """Return what a file of this format holds; "" is the graph's source."""
        data: bytes = self.pipe(format_)
        return data

    def write(self, to: os.PathLike[str] | str) -> None:
        """Write the picture to a file whose suffix says the format.

        Raises:
            ValueError: if the suffix is not a known one.
            OSError: if the file cannot be written.

        """
        format_ = format_of(to)
        data = self.content(format_)
        try:
            Path(to).write_bytes(data)
        except OSError as error:
            message = MSG_WRITE.format(error.strerror)
            raise type(error)(error.errno, message, os.fspath(to)) from None

    def _repr_mimebundle_(
        self,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        **_: Any,
    ) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        try:
            bundle["text/html"] = self.image()
        except (ImportError, RuntimeError, TimeoutError) as error:
            bundle["text/plain"] += f"\n{error}"
        left_out = set(exclude or ())
        return {
            kind: data
            for kind, data in bundle.items()
            if kind not in left_out and (include is None or kind in include)
        }

    def image(self) -> str:
        """Return the picture as an HTML element with the SVG inside.

        Raises:
            TimeoutError, ModuleNotFoundError, RuntimeError: as `pipe`.

        """
        data = base64.b64encode(self.pipe("svg")).decode()
        return (
            f'<img alt="{escape(self.words)}" src="data:image/svg+xml;base64,{data}">'
        )


def format_of(to: os.PathLike[str] | str) -> str:
    """Return the format that a file name asks for, "" for the graph's source.

    Raises:
        ValueError: if the suffix is not a known one.

    """
    suffix = Path(to).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(MSG_SUFFIX.format(os.fspath(to), ", ".join(SUFFIXES)))
    return SUFFIXES[suffix]
