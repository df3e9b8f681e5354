"""A graphviz graph that renders with or without ``dot``, and shows in Jupyter.

`Picture` is a `graphviz.Digraph`, so what people know of that library works on it
(`pipe`, `render`, `save`, adding a node). It differs where they meet trouble:

- without the program ``dot`` it renders by the wheel (`autograd.render.layout`);
- in Jupyter it is an ``<img>`` with its SVG inside. An inline ``<svg>``, graphviz's own
  way, is removed from a notebook that is not trusted; an image stays;
- the SVG has a text alternative, and nothing in it changes from run to run.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import graphviz

from autograd.render.dot import descriptions, folded_label, legible
from autograd.render.layout import lay_out
from autograd.render.view import View

TIME_LIMIT = 20.0
SUFFIXES = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".dot": "", ".gv": ""}
ROUGH = "splines=line mclimit=0.02"
TOLD = 12

MSG_SUFFIX = "a picture's file name says its format: {0!r} does not end in one of {1}"
MSG_WRITE = (
    "cannot write the picture ({0}). Choose a folder that exists and that you may "
    "write to"
)
MSG_SLOW = (
    "Laid out roughly, without frames: the careful layout took longer than {0:g} s."
)
MSG_STUMBLED = (
    "Laid out roughly, without frames: Graphviz failed at the careful layout."
)


class Picture(graphviz.Digraph):  # type: ignore[misc] # graphviz has no types
    """The drawing of a graph of Values; made by `draw`.

    Args:
        arguments: as `graphviz.Digraph` takes them.
        shown: what the picture shows, as plain data.
        time_limit: how many seconds a layout may take.
        options: as `graphviz.Digraph` takes them.

    """

    def __init__(
        self,
        *arguments: Any,
        shown: View | None = None,
        time_limit: float = TIME_LIMIT,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.shown = shown
        self.time_limit = time_limit

    def _copy_kwargs(self, **options: Any) -> Any:
        return super()._copy_kwargs(
            shown=self.shown, time_limit=self.time_limit, **options
        )

    def __repr__(self) -> str:
        return f"<{self._title()}>"

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 (graphviz's name)
        *arguments: Any,
        engine: str | None = None,
        encoding: str | None = None,
        **options: Any,
    ) -> Any:
        """Return the picture as bytes, or as text if ``encoding`` is given.

        Args:
            format: ``"svg"``, ``"png"``, ``"pdf"``, or another that ``dot`` knows.
            arguments: handed to graphviz's own method, which needs ``dot``.
            engine: the layout, ``"dot"`` if not given.
            encoding: of the text.
            options: handed on like ``arguments``.

        Raises:
            TimeoutError: if no layout was found within the time limit.
            ModuleNotFoundError: if neither ``dot`` nor the wheel is installed.
            RuntimeError: if Graphviz does not know the format, or fails.

        """
        if arguments or options:
            return super().pipe(
                format, *arguments, engine=engine, encoding=encoding, **options
            )
        format_ = (format or self.format).lower()
        layout = partial(
            lay_out,
            format_=format_,
            engine=engine or self.engine,
            time_limit=self.time_limit,
        )
        try:
            data = layout(self.source)
        except TimeoutError:
            data = layout(self._rough(MSG_SLOW.format(self.time_limit)))
        except RuntimeError as error:
            try:
                data = layout(self._rough(MSG_STUMBLED))
            except RuntimeError:
                raise error from None
        if format_ == "svg":
            data = self._described(data.decode()).encode()
        return data if encoding is None else data.decode(encoding)

    def render(
        self,
        filename: os.PathLike[str] | str | None = None,
        directory: os.PathLike[str] | str | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002
        *arguments: Any,
        outfile: os.PathLike[str] | str | None = None,
        engine: str | None = None,
        **options: Any,
    ) -> str:
        """Save the source and the picture beside it; return the picture's path.

        Args:
            filename: of the source; the picture's is that and its format.
            directory: for both.
            view: whether to open the picture.
            cleanup: whether to delete the source.
            format: as in `pipe`.
            arguments: handed to graphviz's own method, which needs ``dot``.
            outfile: the picture's path, if it is to be another.
            engine: as in `pipe`.
            options: handed on like ``arguments``.

        """
        if view or arguments or options:
            path: str = super().render(
                filename,
                directory,
                view,
                cleanup,
                format,
                *arguments,
                outfile=outfile,
                engine=engine,
                **options,
            )
            return path
        if outfile is not None:
            target = Path(directory or self.directory, outfile)
            format_ = format or target.suffix[1:]
            filename = filename or target.with_suffix(".gv").name
            directory = directory or target.parent
        else:
            format_ = format or self.format
            source = Path(directory or self.directory, filename or self.filename)
            target = source.with_name(f"{source.name}.{format_}")
        data = self.pipe(format_, engine=engine)
        saved = self.save(filename, directory=directory)
        target.write_bytes(data)
        if cleanup:
            Path(saved).unlink()
        return str(target)

    def write(self, to: os.PathLike[str] | str) -> None:
        """Write the picture to a file whose suffix says the format.

        Raises:
            ValueError: if the suffix is not a known one.
            OSError: if the file cannot be written.

        """
        format_ = format_of(to)
        data = self.pipe(format_) if format_ else self.source.encode()
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
            image = base64.b64encode(self.pipe("svg")).decode()
        except (ImportError, RuntimeError, TimeoutError) as error:
            bundle["text/plain"] += f"\n{error}"
        else:
            bundle["text/html"] = (
                f'<img alt="{escape(self._alternative())}" '
                f'src="data:image/svg+xml;base64,{image}">'
            )
        left_out = set(exclude or ())
        return {
            kind: data
            for kind, data in bundle.items()
            if kind not in left_out and (include is None or kind in include)
        }

    def _title(self) -> str:
        if self.shown is None:
            return "graph"
        names = [legible(x.name) for x in self.shown.nodes if x.is_output and x.name]
        of = f" of {', '.join(names[:TOLD])}" if names else ""
        return f"graph{of}: {self.shown.total:,} nodes"

    def _alternative(self) -> str:
        """Return what the picture shows in words: the title and the last steps."""
        if self.shown is None:
            return self._title()
        told = list(descriptions(self.shown).values())
        steps = "; ".join(told[-TOLD:])
        words = " ".join((f"{self._title()}.", *self.shown.folded, f"{steps}."))
        return legible(words, len(words))

    def _described(self, svg: str) -> str:
        """Put words where Graphviz put its version, its keys and the graph's name."""
        words = descriptions(self.shown) if self.shown else {}
        svg = re.sub(r"<!--.*?-->\n?", "", svg[svg.index("<svg") :], flags=re.DOTALL)
        svg = re.sub(
            r"<title>(\w+)</title>",
            lambda found: (
                f"<title>{escape(words.get(found[1], self._title()))}</title>"
            ),
            svg,
        )
        svg = re.sub(r"<title>[^<]*(?:->|&gt;|&#45;)[^<]*</title>\n?", "", svg)
        label = escape(self._alternative())
        return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)

    def _rough(self, note: str) -> str:
        """Return the source without what makes a layout slow or break."""
        frames = ("\tsubgraph ", "\t}")
        rough = self.copy()
        rough.body = [line for line in self.body if not line.startswith(frames)]
        label = folded_label(self.shown, note) if self.shown else note
        rough.body.append(f'\t{ROUGH} label="{label}"\n')
        source: str = rough.source
        return source


def format_of(to: os.PathLike[str] | str) -> str:
    """Return the format that a file name asks for, "" for the graph's source.

    Raises:
        ValueError: if the suffix is not a known one.

    """
    suffix = Path(to).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(MSG_SUFFIX.format(os.fspath(to), ", ".join(SUFFIXES)))
    return SUFFIXES[suffix]
