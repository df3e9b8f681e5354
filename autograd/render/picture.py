"""A graphviz graph that renders with or without ``dot``, and shows in Jupyter.

`Picture` is a `graphviz.Digraph`, so what people know of that library works on it
(`pipe`, `render`, `save`, adding a node). It differs where they meet trouble:

- without the program ``dot`` it renders by the wheel (`autograd.render.layout`);
- in Jupyter it is an ``<img>`` with its SVG inside (`autograd.render.shown`);
- the SVG has a text alternative, and nothing in it changes from run to run.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import graphviz

from autograd.render.dot import notes_label
from autograd.render.labels import alternative, title
from autograd.render.layout import lay_out
from autograd.render.mermaid import mermaid
from autograd.render.shown import Shown
from autograd.render.svg import finished
from autograd.render.view import View

TIME_LIMIT = 20.0
ROUGH = "splines=line mclimit=0.02"

MSG_SLOW = (
    "Laid out roughly, without frames: the careful layout took longer than {0:g} s."
)
MSG_STUMBLED = (
    "Laid out roughly, without frames: Graphviz failed at the careful layout."
)


class Picture(Shown, graphviz.Digraph):  # type: ignore[misc] # graphviz has no types
    """The drawing of a graph of Values; made by `draw`.

    Args:
        arguments: as `graphviz.Digraph` takes them.
        shown: what the picture shows, as plain data.
        time_limit: how many seconds a layout may take.
        partials: whether a Mermaid flowchart has the local derivatives.
        direction: that of a Mermaid flowchart.
        options: as `graphviz.Digraph` takes them.

    """

    def __init__(
        self,
        *arguments: Any,
        shown: View | None = None,
        time_limit: float = TIME_LIMIT,
        partials: bool = False,
        direction: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.shown = shown
        self.time_limit = time_limit
        self._own: dict[str, Any] = {"partials": partials, "direction": direction}

    def _copy_kwargs(self, **options: Any) -> Any:
        # graphviz's own class drops what it is given here.
        own = {"shown": self.shown, "time_limit": self.time_limit, **self._own}
        return {**super()._copy_kwargs(**options), **own}

    def __repr__(self) -> str:
        return "<graph>" if self.shown is None else f"<{title(self.shown)}>"

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
            format: ``"svg"``, ``"png"``, ``"pdf"``, ``"mermaid"``, or another that
                ``dot`` knows.
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
        if format_ == "mermaid" and self.shown is not None:
            text = mermaid(self.shown, **self._own)
            return text if encoding else text.encode()
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
            data = finished(data.decode(), self.shown).encode()
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

    def content(self, format_: str) -> bytes:
        """Return what a file of this format holds; "" is the graph's source."""
        if format_:
            return super().content(format_)
        source: str = self.source
        return source.encode()

    @property
    def words(self) -> str:  # type: ignore[override]
        """What the picture shows, in words."""
        return "graph" if self.shown is None else alternative(self.shown)

    def _rough(self, note: str) -> str:
        """Return the source without what makes a layout slow or break."""
        frames = ("\tsubgraph ", "\t}")
        rough = self.copy()
        rough.body = [line for line in self.body if not line.startswith(frames)]
        label = notes_label(self.shown, note) if self.shown else note
        rough.body.append(f'\t{ROUGH} label="{label}"\n')
        source: str = rough.source
        return source
