"""Finish Graphviz's SVG: words instead of keys, a dark form, room to shrink.

Graphviz writes its version, the keys of nodes and the name of the graph where a screen
reader, or a pointer held over a node, looks for words. All of that is replaced, and
then nothing in a file changes from run to run.
"""

from __future__ import annotations

import re
from html import escape

from autograd.render.colours import in_both, style_sheet
from autograd.render.labels import alternative, descriptions, title
from autograd.render.view import View

COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
TITLE = re.compile(r"<title>([^<]*)</title>\n?")
START = re.compile(r"<svg([^>]*)>")
TEXT = re.compile(r"<text [^>]*>[^<]*</text>")
BODY = re.compile(r'<g [^>]*class="(?:cluster|node|edge)"|$')


def finished(svg: str, view: View | None) -> str:
    """Return Graphviz's SVG with a text alternative, in light and dark.

    Args:
        svg: as Graphviz writes it.
        view: what it shows; None for a graph that was drawn by hand.

    """
    svg = COMMENT.sub("", svg[svg.index("<svg") :])
    if view is None:
        return svg
    words = {key: escape(told) for key, told in descriptions(view).items()}
    svg = TITLE.sub(
        lambda found: f"<title>{words[found[1]]}</title>" if found[1] in words else "",
        svg,
    )
    body = BODY.search(svg)
    end = body.start() if body else 0  # the legend stands before the graph
    svg = TEXT.sub(lambda found: in_both(found[0]), svg[:end]) + svg[end:]
    name, told = escape(title(view)), escape(alternative(view))
    return START.sub(
        lambda found: (
            f'<svg role="img" aria-label="{told}" '
            f'style="max-width:100%;height:auto"{found[1]}>\n'
            f"<title>{name}</title>\n<desc>{told}</desc>\n{style_sheet()}"
        ),
        svg,
        count=1,
    )
