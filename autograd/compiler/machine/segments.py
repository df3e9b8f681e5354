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

from autograd.compiler.machine.frames import Frame
from autograd.compiler.machine.kept import Carried, Kept
from autograd.compiler.machine.rolled import Writer
from autograd.compiler.machine.windows import Window
from autograd.compiler.schedule.places import Body


def write_forward(w: Writer, frame: Frame, body: Body, window: Window) -> None:
    """Write a loop that keeps no more than its checkpoints, and its last segment.

    Args:
        w: writes it.
        frame: what it stands in.
        body: the loop's body.
        window: its memory.

    """
    t, cut = w.text, window.cut
    carried = Carried(frame, body)
    marks = _marks(w, window)
    kept = [_kept(w, window, i) for i in range(body.loop.kept)]
    turn = w.turns(frame, body, carried)
    with t.loop("0", w.whole(cut.segments)) as s:
        begin, end, _ = _bounds(w, window, s)
        for mark, j in zip(marks, cut.marked, strict=True):
            x = t.new(f"load {t.type}, ptr {carried.alone[j]}")
            t.store(x, mark, t.by_lanes(s))
        with t.loop(begin, end) as i:
            out = _outputs(body, turn(i))
            at = t.by_lanes(t.new(f"sub nsw i64 {i}, {begin}"))
            for pointer, x in zip(kept, out, strict=True):
                t.store(x, pointer, at)
        _copy_spots(w, window, begin, end)
    w.leave(frame, body, carried)


def write_mirror(w: Writer, frame: Frame, body: Body, window: Window) -> None:
    """Write a loop that reads what another one kept, segment by segment.

    Args:
        w: writes it.
        frame: what it stands in.
        body: the loop's body.
        window: the memory of the one that it reads.

    """
    t, loop, cut = w.text, body.loop, window.cut
    anew = Body(frame.places, cut.forward, cut.again)
    carried, again = Carried(frame, body), Carried(frame, anew)
    marks = _marks(w, window)
    recomputed = [_kept(w, window, i) for i in cut.kept]
    kept = Kept(frame, body)
    shift = t.variable("i64")  # the iteration that the window begins with
    special = {
        len(loop.carried) + j: _reader(w, _kept(w, window, output, t0), shift)
        for j, (output, t0) in cut.reads.items()
    }
    run = w.turns(frame, anew, again)
    turn = w.turns(frame, body, carried, special)
    last = w.whole(cut.segments - 1)
    with t.loop("0", w.whole(cut.segments)) as back:
        s = t.new(f"sub nsw i64 {last}, {back}")
        begin, _, end = _bounds(w, window, s)
        t.write(f"store i64 {begin}, ptr {shift}")
        for mark, variable in zip(marks, again.alone.values(), strict=True):
            x = t.load(mark, t.by_lanes(s))
            t.write(f"store {t.type} {x}, ptr {variable}")
        is_there = t.new(f"icmp eq i64 {back}, 0")
        end = t.new(f"select i1 {is_there}, i64 {begin}, i64 {end}")
        with t.loop(begin, end) as i:
            out = _outputs(anew, run(i))
            at = t.by_lanes(t.new(f"sub nsw i64 {i}, {begin}"))
            for pointer, x in zip(recomputed, out, strict=True):
                t.store(x, pointer, at)
        with t.loop(*_mirrored(w, window, s, loop.count)) as k:
            kept.write(turn(k), k)
    w.leave(frame, body, carried)


def _outputs(body: Body, inner: Frame) -> list[str]:
    """Return what an iteration is to keep."""
    loop = body.loop
    return [*map(inner.value, loop.body.outputs[len(loop.carried) :])]


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
