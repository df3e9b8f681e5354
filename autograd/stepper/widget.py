"""The script that steps, in the two ways it gets to a browser.

As a ``<script>`` in HTML it needs no kernel: it runs wherever a notebook is trusted,
the next day too, and in a page exported from it; where it is not, viewers strip it, and
what stands in its place stays. As a widget, by anywidget, its step can be read and set
from Python; but a notebook stores only the name of a widget, so opened without the
kernel that made it, it shows an error in its place.

Either way the drawing and all frames come along, and no network is needed.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EXPORT = "export default { render };"

# The output may not be on the page yet when its script runs.
IN_PLACE = """\
<div data-stepper="{key}">
{fallback}
</div>
<script>
(() => {{
{script}
  const state = {state};
  function start(waited) {{
    const places = document.querySelectorAll('[data-stepper="{key}"]');
    if (places.length === 0 && waited < 100) {{
      setTimeout(() => start(waited + 1), 100);
    }}
    for (const place of places) {{
      delete place.dataset.stepper;
      const style = document.createElement("style");
      style.textContent = state.css;
      place.replaceChildren(style);
      render({{ model: modelOf({{ ...state }}), el: place }});
    }}
  }}
  function modelOf(state) {{
    const heard = new Set();
    return {{
      get: (name) => state[name],
      set(name, value) {{
        state[name] = value;
        heard.forEach((f) => f());
      }},
      save_changes() {{}},
      on: (_, f) => heard.add(f),
      off: (_, f) => heard.delete(f),
    }};
  }}
  start(0);
}})();
</script>"""


def html_of(svg: str, frames: list[dict[str, Any]], fallback: str) -> str:
    """Return HTML that becomes a stepper where scripts run, else is the fallback."""
    css = HERE.joinpath("stepper.css").read_text(encoding="utf-8")
    script = HERE.joinpath("stepper.js").read_text(encoding="utf-8")
    state = json.dumps({"svg": svg, "frames": frames, "step": 0, "css": css})
    return IN_PLACE.format(
        key=sha256(state.encode()).hexdigest()[:16],
        fallback=fallback,
        script=script.replace(EXPORT, ""),
        state=state.replace("<", "\\u003c"),  # no tag in it ends the script
    )


@cache
def _kind() -> Any:
    """Return the widget's class, or None where anywidget is not installed."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None

    class StepperWidget(anywidget.AnyWidget):
        _esm = HERE / "stepper.js"
        _css = HERE / "stepper.css"
        svg = traitlets.Unicode().tag(sync=True)
        frames: Any = traitlets.List().tag(sync=True)
        step = traitlets.Int(0).tag(sync=True)

    return StepperWidget


def widget_of(svg: str, frames: list[dict[str, Any]]) -> Any:
    """Return a widget that steps through frames, None without anywidget."""
    kind = _kind()
    return kind and kind(svg=svg, frames=frames)
