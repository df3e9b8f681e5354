"""The stepper's script in a real browser, where one is installed.

The page is served to a headless Chromium with a stand-in for anywidget's model (get,
set, on, off, save_changes); its script presses keys, moves the slider and clicks, and
notes after each what is to be seen. No network is needed. A second page is what a
notebook stores, as it stands.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import autograd
from autograd import Value, step
from autograd import math as am
from nn import MLP, History, TrainingView

SOURCES = Path(autograd.__file__).parent / "stepper"

PAGE = """<!doctype html><meta charset="utf-8"><title>stepper</title>
<link rel="stylesheet" href="stepper.css"><div id="cell"></div><pre id="notes"></pre>
<script type="module">
import widget from "./stepper.js";

const state = await (await fetch("state.json")).json();
const heard = [];
const saved = [];
const model = {
  get: (name) => state[name],
  set(name, value) { state[name] = value; heard.forEach((f) => f()); },
  save_changes() { saved.push(state.step); },
  on(event, f) { if (event === "change:step") heard.push(f); },
  off(event, f) { heard.splice(heard.indexOf(f), 1); },
};
const cell = document.getElementById("cell");
const leave = widget.render({ model, el: cell });
const root = cell.querySelector(".sa-stepper");
const slider = cell.querySelector("input");
let outside = 0;
document.addEventListener("keydown", () => { outside += 1; });

const press = (key, target = root) => target.dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const slide = (k) => { slider.value = k; slider.dispatchEvent(new Event("input")); };
const click = (i) => cell.querySelectorAll("button")[i].click();
const ids = (selector) => [...cell.querySelectorAll(selector)].map((g) => g.id);
const lit = (node) => getComputedStyle(node.querySelector("path")).stroke;
const notes = { seen: {} };
function look(name) {
  const lines = {};
  for (const node of cell.querySelectorAll("g.node")) {
    lines[node.id] = [...node.querySelectorAll("text")].map((t) => t.textContent);
  }
  notes.seen[name] = {
    step: state.step,
    slider: Number(slider.value),
    title: cell.querySelector(".sa-title").textContent,
    words: cell.querySelector(".sa-words").textContent,
    now: ids("g.node.sa-now"),
    edges: cell.querySelectorAll("g.edge.sa-now").length,
    unknown: ids("g.node.sa-unknown"),
    colours: Object.fromEntries(
      [...cell.querySelectorAll("g.node")].map((g) => [g.id, lit(g)])),
    lines,
  };
}
look("at first");
press("ArrowRight"); press("ArrowRight"); look("two to the right");
press("ArrowLeft", slider); look("one back, on the slider");
press("x"); press("ArrowLeft"); press("ArrowLeft"); look("before the beginning");
press("End"); press("ArrowRight"); look("beyond the end");
slide(state.turn); look("where backward begins");
click(2); look("the next button");
for (let i = 0; i < 3; i += 1) press("ArrowRight");
look("all the way back");
notes.taken = ["Home", "x"].map((key) => !press(key)); look("home");
model.set("step", 3); look("set from Python");
leave();
model.set("step", 4); look("after it is gone");
notes.saved = saved;
notes.outside = outside;
document.getElementById("notes").textContent = JSON.stringify(notes);
</script>
"""

STORED = """<!doctype html><meta charset="utf-8"><title>stored</title>
{output}
<pre id="notes"></pre>
<script>
const found = () => document.querySelector(".sa-stepper, [type=range]");
const press = (key) => found().dispatchEvent(
  new KeyboardEvent("keydown", {{ key, bubbles: true, cancelable: true }}));
let outside = 0;
document.addEventListener("keydown", () => {{ outside += 1; }});
setTimeout(() => {{
  const notes = {{}};
  {script}
  notes.outside = outside;
  notes.details = document.querySelectorAll("details").length;
  document.getElementById("notes").textContent = JSON.stringify(notes);
}}, 1000);
</script>
"""


def stepper():
    w, x, b = Value(0.5, name="w"), Value(2.0, name="x"), Value(0.1, name="b")
    return step(am.tanh(w * x + b) * w)


@pytest.fixture(scope="module")
def notes(open_page):
    shown = stepper()
    state = {"svg": shown.svg, "frames": shown.plain_frames(), "step": 0}
    titles = [frame.title for frame in shown.frames]
    state["turn"] = titles.index("Backward begins")
    files = {"index.html": PAGE, "state.json": json.dumps(state)}
    for name in ("stepper.js", "stepper.css"):
        files[name] = (SOURCES / name).read_text(encoding="utf-8")
    return open_page(files)


def numbers(seen):
    """Return the last two lines of each node: its number and its adjoint."""
    return {key: lines[-2:] for key, lines in seen["lines"].items()}


# Places: 0 w, 1 x, 2 v1 = w*x, 3 b, 4 v2 = v1 + b, 5 v3 = tanh(v2), 6 v4 = v3*w


def test_at_first_only_the_inputs_have_numbers(notes):
    seen = notes["seen"]["at first"]
    assert seen["title"] == "The beginning"
    assert sorted(seen["now"]) == ["n0", "n1", "n3"]
    assert sorted(seen["unknown"]) == ["n2", "n4", "n5", "n6"]
    assert numbers(seen)["n1"] == ["data 2", "grad "]
    assert numbers(seen)["n2"] == ["data ", "grad "]


def test_keys_step_forward_and_the_node_lights_up_as_its_number_appears(notes):
    seen = notes["seen"]["two to the right"]
    assert (seen["step"], seen["slider"]) == (2, 2)
    assert seen["title"] == "Forward, step 2 of 4"
    assert seen["now"] == ["n4"]
    assert seen["edges"] == 2
    assert seen["colours"]["n4"] == "rgb(217, 72, 15)"
    assert seen["colours"]["n5"] != seen["colours"]["n4"]
    assert numbers(seen)["n4"] == ["data 1.1", "grad "]
    assert numbers(seen)["n5"] == ["data ", "grad "]
    assert "v2 = v1 + b = 1 + 0.1 = 1.1" in seen["words"]


def test_a_key_on_the_slider_is_one_step_not_two(notes):
    seen = notes["seen"]["one back, on the slider"]
    assert (seen["step"], seen["now"]) == (1, ["n2"])
    assert numbers(seen)["n4"] == ["data ", "grad "]


def test_the_ends_hold(notes):
    assert notes["seen"]["before the beginning"]["step"] == 0
    last = notes["seen"]["beyond the end"]
    assert last["step"] == 10
    assert last["title"] == "The end"
    assert notes["seen"]["home"] == notes["seen"]["at first"]


def test_going_backward_adjoints_add_up_to_the_derivatives(notes):
    seen = notes["seen"]["where backward begins"]
    assert numbers(seen)["n6"][1] == "grad 1"
    assert {lines[1] for key, lines in numbers(seen).items() if key != "n6"} == {
        "grad 0"
    }
    seen = notes["seen"]["the next button"]
    assert seen["now"] == ["n6"]
    assert numbers(seen)["n0"][1] == "grad 0.8005"  # from v3*w alone
    assert "v\u03054 = 1" in seen["words"]
    seen = notes["seen"]["all the way back"]
    assert seen["now"] == ["n2"]
    assert numbers(seen)["n0"][1] == "grad 1.16"  # and from w*x: 0.8005 + 0.3592
    assert "w\u0305 = 0.800499 + 0.359201 = 1.1597" in seen["words"]


def test_the_number_of_the_step_goes_to_python_and_comes_from_there(notes):
    assert notes["saved"] == [1, 2, 1, 0, 0, 10, 10, 5, 6, 7, 8, 9, 0]
    seen = notes["seen"]["set from Python"]
    assert (seen["slider"], seen["now"]) == (3, ["n5"])
    assert notes["seen"]["after it is gone"]["now"] == ["n5"]


def test_keys_that_it_takes_go_no_further_and_others_do(notes):
    assert notes["outside"] == 2  # both are x
    assert notes["taken"] == [True, False]  # the slider would move by itself as well


@pytest.mark.shared
def test_what_a_notebook_stores_is_a_stepper_by_itself_wherever_scripts_run(open_page):
    shown = stepper()._repr_mimebundle_()["text/html"]
    script = """
  press("ArrowRight"); press("ArrowRight"); press("ArrowLeft");
  notes.title = document.querySelector(".sa-title").textContent;
  notes.now = [...document.querySelectorAll("g.sa-now.node")].map((g) => g.id);
  notes.images = document.images.length;"""
    # Twice on one page, as two cells that show the same: each is its own.
    page = STORED.format(output=shown + shown, script=script)
    notes = open_page({"index.html": page})
    assert notes == {
        "title": "Forward, step 1 of 4",
        "now": ["n2", "n0", "n1", "n3"],
        "images": 0,
        "outside": 0,
        "details": 0,
    }


@pytest.mark.shared
def test_the_pictures_of_a_training_get_a_slider_wherever_scripts_run(open_page):
    pytest.importorskip("matplotlib")
    view = TrainingView(MLP(2, [1], seed=0), [[0.0, 0.0], [1.0, 1.0]], [0, 1])
    for epoch in range(3):
        view(History(losses=[1.0 / (epoch + 1)]))
    script = """
  const slider = document.querySelector("[type=range]");
  const visible = () =>
    [...document.images].filter((i) => i.alt && i.checkVisibility());
  notes.first = visible().map((image) => image.alt);
  slider.value = 1;
  slider.dispatchEvent(new Event("input"));
  press("ArrowLeft");
  notes.second = visible().map((image) => image.alt);
  notes.said = document.querySelector("span").textContent;
  notes.all = document.images.length;
  const button = document.querySelector("button");
  notes.button = [button.ariaLabel];
  button.click();
  notes.button.push(button.ariaLabel);
  button.click();
  notes.button.push(button.ariaLabel);"""
    page = STORED.format(output=view.to_html(), script=script)
    assert open_page({"index.html": page}) == {
        "first": ["after 3 epochs: loss 0.3333"],
        "second": ["after 1 epoch: loss 1"],
        "said": " after 1 epoch: loss 1",
        "all": 8,
        "button": ["play", "pause", "play"],
        "outside": 0,
        "details": 0,
    }
