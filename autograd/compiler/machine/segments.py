"""segments: a loop and its mirrored loop, cut into segments between checkpoints.

What these are, and which loops are cut, says `autograd.compiler.passes.checkpoints`.
The forward loop keeps the numbers of a segment in a window, where those of the last
segment are when it ends: the mirrored loop begins with them, and runs only the segments
before once more. A number that others look at is copied out of the window when its
segment has run.

Letters: ``s`` is a segment, ``t`` an iteration of the forward loop, ``k`` of the
mirrored one.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_int64

from autograd.compiler.loop import Loop
from autograd.compiler.machine.rolled import Frame, Writer
from autograd.compiler.machine.windows import Window


def write_forward(
    w: Writer, frame: Frame, first: int, loop: Loop, window: Window
) -> None:
    """Write a loop that keeps no more than its checkpoints, and its last segment.

    Args:
        w: writes it.
        frame: what it stands in.
        first: where its places begin.
        loop: the loop.
        window: its memory.

    """
    t, n, marked = w.text, len(loop.carried), window.cut.marked
    carried = w.carried(frame, loop)
    marks = _marks(w, window)
    kept = [_kept(w, window, i) for i in range(loop.kept)]
    turn = w.turns(frame, loop, carried)
    with t.loop("0", w.whole(window.cut.segments)) as s:
        begin, end, _ = _bounds(w, window, s)
        for mark, j in zip(marks, marked, strict=True):
            x = t.new(f"load {t.type}, ptr {carried[j]}")
            t.store(x, mark, t.by_lanes(s))
        with t.loop(begin, end) as i:
            out = turn(i)
            at = t.by_lanes(t.new(f"sub nsw i64 {i}, {begin}"))
            for pointer, x in zip(kept, out[n:], strict=True):
                t.store(x, pointer, at)
        _copy_spots(w, window, begin, end)
    for j, variable in enumerate(carried):
        w.set(frame, first + j, t.new(f"load {t.type}, ptr {variable}"))


def write_mirror(
    w: Writer, frame: Frame, first: int, loop: Loop, window: Window
) -> None:
    """Write a loop that reads what another one kept, segment by segment.

    Args:
        w: writes it.
        frame: what it stands in.
        first: where its places begin.
        loop: the loop.
        window: the memory of the one that it reads.

    """
    t, n, cut = w.text, len(loop.carried), window.cut
    m = len(cut.marked)
    carried, again = w.carried(frame, loop), w.carried(frame, cut.again)
    marks = _marks(w, window)
    recomputed = [_kept(w, window, i) for i in cut.kept]
    start = first + n
    kept = [w.pointer(frame.at(start + i * loop.count)) for i in range(loop.kept)]
    shift = t.variable("i64")  # the iteration that the window begins with
    readers = {
        j: _reader(w, _kept(w, window, output, t0), shift)
        for j, (output, t0) in cut.reads.items()
    }
    run = w.turns(frame, cut.again, again)
    turn = w.turns(frame, loop, carried, readers)
    last = w.whole(cut.segments - 1)
    with t.loop("0", w.whole(cut.segments)) as back:
        s = t.new(f"sub nsw i64 {last}, {back}")
        begin, _, end = _bounds(w, window, s)
        t.write(f"store i64 {begin}, ptr {shift}")
        for mark, variable in zip(marks, again, strict=True):
            x = t.load(mark, t.by_lanes(s))
            t.write(f"store {t.type} {x}, ptr {variable}")
        is_there = t.new(f"icmp eq i64 {back}, 0")
        end = t.new(f"select i1 {is_there}, i64 {begin}, i64 {end}")
        with t.loop(begin, end) as i:
            out = run(i)
            at = t.by_lanes(t.new(f"sub nsw i64 {i}, {begin}"))
            for pointer, x in zip(recomputed, out[m:], strict=True):
                t.store(x, pointer, at)
        with t.loop(*_mirrored(w, window, s, loop.count)) as k:
            out = turn(k)
            for pointer, x in zip(kept, out[n:], strict=True):
                t.store(x, pointer, t.by_lanes(k))
    for j, variable in enumerate(carried):
        w.set(frame, first + j, t.new(f"load {t.type}, ptr {variable}"))


def _reader(w: Writer, start: str, shift: str) -> Callable[[str], str]:
    """Return what reads a kept number, further back with each iteration."""
    t = w.text

    def read(k: str) -> str:
        begin = t.new(f"load i64, ptr {shift}")
        return t.load(start, t.by_lanes(t.new(f"add nsw i64 {k}, {begin}"), -1))

    return read


def _marks(w: Writer, window: Window) -> list[str]:
    """Return the addresses of the checkpoints: of each carried number, the first."""
    segments = window.cut.segments
    each = range(len(window.cut.marked))
    return [w.pointer(window.marks + j * segments) for j in each]


def _kept(w: Writer, window: Window, output: int, t: int = 0) -> str:
    """Return the address of a kept number of iteration t, were it that of segment 0."""
    return w.pointer(window.kept + output * window.cut.window + t)


def _bounds(w: Writer, window: Window, s: str) -> tuple[str, str, str]:
    """Return where a segment begins, ends the first time, and ends when run again."""
    t, cut = w.text, window.cut
    whole = t.new(f"mul nsw i64 {s}, {w.whole(cut.length)}")
    after = t.new(f"add nsw i64 {whole}, {w.whole(cut.length)}")
    ahead, count = w.whole(cut.ahead), w.whole(cut.count)
    begin = _extreme(w, "smax", t.new(f"sub nsw i64 {whole}, {ahead}"), "0")
    end = _extreme(w, "smin", t.new(f"sub nsw i64 {after}, {ahead}"), count)
    return begin, end, _extreme(w, "smin", after, count)


def _mirrored(w: Writer, window: Window, s: str, count: int) -> tuple[str, str]:
    """Return from which to before which iteration a mirrored loop is in a segment."""
    t, cut = w.text, window.cut
    whole = t.new(f"mul nsw i64 {s}, {w.whole(cut.length)}")
    end = t.new(f"sub nsw i64 {w.whole(cut.last + 1)}, {whole}")
    begin = t.new(f"sub nsw i64 {end}, {w.whole(cut.length)}")
    most = w.whole(count)
    return _extreme(w, "smax", begin, "0"), _extreme(w, "smin", end, most)


def _copy_spots(w: Writer, window: Window, begin: str, end: str) -> None:
    """Write the numbers that others look at, if they are of this segment."""
    t, cut = w.text, window.cut
    spots = cut.spots.values()
    if not spots:
        return
    starts = [(window.kept + output * cut.window) * t.lanes for output, _ in spots]
    lines = w.table(starts, c_int64)
    iterations = w.table([x for _, x in spots], c_int64)
    target, memory = w.pointer(window.spots), w.pointer(0)
    with t.loop("0", w.whole(len(spots))) as i:
        x = t.load_whole(iterations, i)
        begun = t.new(f"icmp sge i64 {x}, {begin}")
        left = t.new(f"icmp slt i64 {x}, {end}")
        inside = t.new(f"and i1 {begun}, {left}")
        offset = t.new(f"sub nsw i64 {x}, {begin}")
        offset = t.by_lanes(t.new(f"select i1 {inside}, i64 {offset}, i64 0"))
        at = t.new(f"add nsw i64 {t.load_whole(lines, i)}, {offset}")
        index = t.by_lanes(i)
        before, now = t.load(target, index), t.load(memory, at)
        t.store(t.select(t.splat(inside, "i1"), now, before), target, index)


def _extreme(w: Writer, name: str, a: str, b: str) -> str:
    w.text.module.declare(f"declare i64 @llvm.{name}.i64(i64, i64)")
    return w.text.new(f"call i64 @llvm.{name}.i64(i64 {a}, i64 {b})")
