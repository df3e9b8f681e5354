"""Numbers on a grid as a small bitmap: a PNG with a palette, out of zlib alone.

Red is negative, blue positive, white 0, as the shades of a `TrainingView` have it; of
classes, each has a colour of its own, paler than its points. A browser smooths the
bitmap as it enlarges it.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence

RED, WHITE, BLUE = (178, 24, 43), (247, 247, 247), (33, 102, 172)
# Okabe and Ito's colours, which the colour-blind can tell apart, and two more.
CLASSES = (
    (213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0),
    (86, 180, 233), (240, 228, 66), (100, 100, 100), (140, 60, 20), (60, 20, 140),
)  # fmt: skip
MIDDLE = 127  # the shade of 0, in a palette of 255

Colour = tuple[int, int, int]


def signed(numbers: Sequence[float], width: int) -> str:
    """Return the address of a bitmap of numbers, the strongest shade the largest."""
    top = max((abs(x) for x in numbers if math.isfinite(x)), default=0.0) or 1.0
    # A network that explodes has outputs that are infinite or NaN, and is still shown.
    shares = (0.0 if math.isnan(x) else min(max(x / top, -1.0), 1.0) for x in numbers)
    shades = [MIDDLE + round(MIDDLE * share) for share in shares]
    return _address(shades, width, [shade((k - MIDDLE) / MIDDLE) for k in range(255)])


def classes(numbers: Sequence[int], width: int) -> str:
    """Return the address of a bitmap of classes by their numbers."""
    pale = [tuple((255 + part) // 2 for part in colour) for colour in CLASSES]
    return _address([k % len(pale) for k in numbers], width, pale)


def shade(x: float) -> Colour:
    """Return the colour of a number from -1 to 1."""
    end, share = (BLUE, x) if x > 0.0 else (RED, -x)
    r, g, b = (round(w + share * (e - w)) for w, e in zip(WHITE, end, strict=True))
    return r, g, b


def text_of(colour: Colour) -> str:
    """Return a colour as SVG writes it.

    >>> text_of((33, 102, 172))
    '#2166ac'

    """
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _address(
    shades: Sequence[int], width: int, palette: Sequence[Sequence[int]]
) -> str:
    rows = [shades[k : k + width] for k in range(0, len(shades), width)]
    size = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", size),
            (b"PLTE", bytes(part for colour in palette for part in colour)),
            (b"IDAT", zlib.compress(pixels)),
            (b"IEND", b""),
        )
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
