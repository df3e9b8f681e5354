"""Lay out a small graph ourselves, where there is no Graphviz: in a browser, above all.

What is read are the lines that `autograd.render.dot` writes (and `graphviz.Digraph`'s
own), what is written are the elements that Graphviz writes, so all that comes before
and after is the same. It is rough: there are no frames around scopes, no search for
fewer crossings, and the width of a text is a guess; the picture says so.
"""

from __future__ import annotations

from autograd.render.own.places import arrange
from autograd.render.own.reading import lines_of, read
from autograd.render.own.writing import svg_of

LIMIT = 400  # nodes: beyond, what is simple takes its time and cannot be read

ROUGHLY = "Laid out roughly, without frames: there is no Graphviz here."
MSG_LARGE = (
    "there is no Graphviz here, and without it graphs of at most {0} nodes are laid "
    "out, not of {1}: show fewer, draw(v, limit=100), or save the graph itself, "
    "draw(v, to='graph.dot')"
)


def lay_out_ourselves(source: str) -> bytes:
    r"""Return a graph in the DOT language as an SVG picture.

    Args:
        source: as `autograd.render.dot` writes it.

    Raises:
        RuntimeError: if it has too many nodes.

    >>> svg = lay_out_ourselves('digraph {\n\trankdir=LR\n\ta [label="x"]\n\ta -> b\n}')
    >>> svg.count(b'class="node"'), svg.count(b'class="edge"')
    (2, 1)

    """
    graph, boxes, edges = read(source)
    if len(boxes) > LIMIT:
        raise RuntimeError(MSG_LARGE.format(LIMIT, len(boxes)))
    direction = graph.get("rankdir", "TB")
    arrange(boxes, edges, direction)
    head = [text for text, _ in lines_of(graph.get("label", ""))]
    sideways = direction in {"LR", "RL"}
    return svg_of(boxes, edges, [*head, ROUGHLY], graph, sideways=sideways).encode()
