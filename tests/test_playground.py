"""What a playground computes, draws and answers to its controls."""

from __future__ import annotations

import base64
import json
import re
import struct
import sys
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import nn
from nn import MLP, mse_loss, play
from nn.playground.maps import CLASSES, classes, shade, signed
from nn.playground.widget import obey, state_of

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
SVG = "{http://www.w3.org/2000/svg}"


def playground(*sizes, labels=(0, 1, 1, 0), activation="tanh"):
    return play(MLP(2, [*sizes], activation, seed=0), XOR, list(labels))


def pixels(address):
    """Return a PNG's rows of colours, read by its specification."""
    data = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    parts, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (crc,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert crc == zlib.crc32(kind + body)
        parts[kind] = body
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert (depth, colour) == (8, 3)
    palette = [tuple(parts[b"PLTE"][k : k + 3]) for k in range(0, 765, 3)]
    raw = zlib.decompress(parts[b"IDAT"])
    rows = [raw[k * (width + 1) :][: width + 1] for k in range(height)]
    assert {row[0] for row in rows} == {0}
    return [[palette[k] for k in row[1:]] for row in rows]


def test_a_map_is_blue_above_zero_red_below_and_strongest_where_largest():
    (top, bottom) = pixels(signed([2.0, 0.0, -1.0, -2.0], 2))
    assert top == [shade(1.0), shade(0.0)]
    assert bottom[1] == shade(-1.0)
    red, _, blue = bottom[0]
    assert shade(-1.0)[2] < blue < red < shade(0.0)[0]
    assert shade(1.0)[2] > shade(1.0)[0]


def test_numbers_that_are_not_finite_are_drawn_all_the_same():
    (row,) = pixels(signed([float("inf"), float("-inf"), float("nan"), 1.0], 4))
    assert row == [shade(1.0), shade(-1.0), shade(0.0), shade(1.0)]


def test_classes_have_a_colour_each_paler_than_their_points():
    (row,) = pixels(classes([0, 1, 2, 0], 4))
    assert row[0] == row[3] == tuple((255 + part) // 2 for part in CLASSES[0])
    assert len(set(row)) == 3


def test_steps_train_the_model_and_losses_are_those_of_fit():
    shown = playground(8, 1)
    first = [p.data for p in shown.model.parameters()]
    shown.lr = 0.5
    shown.step(epochs=600)
    shown.step()
    assert len(shown.losses) == 601
    assert shown.losses[-1] < 0.1 < shown.losses[0]
    assert [p.data for p in shown.model.parameters()] != first
    scores = [shown.model(row).data for row in XOR]
    assert [score > 0 for score in scores] == [False, True, True, False]


def test_a_restart_has_the_sizes_and_the_activation_it_was_told_and_no_losses():
    shown = playground(4, 1)
    shown.step()
    before = shown.model
    shown.restart([3, 2], "relu")
    assert (shown.hidden, shown.activation, shown.losses) == ([3, 2], "relu", [])
    shown.restart()
    assert (shown.hidden, shown.activation) == ([3, 2], "relu")
    shown.restart(activation="linear")
    assert shown.activation == "linear"
    assert shown.model([0.5, 0.5]).data == pytest.approx(
        (shown.model([0.0, 0.0]).data + shown.model([1.0, 1.0]).data) / 2
    )
    shown.restart([])
    assert shown.hidden == []
    assert before is not shown.model


def test_the_maps_are_what_each_neuron_puts_out_on_the_plane_from_above():
    shown = playground(3, 1)
    scene = shown.scene()
    left, low, right, high = scene.box
    assert (left, low, right, high) == pytest.approx((-0.1, -0.1, 1.1, 1.1))
    size = 20
    assert scene.maps[0][0][:size] == pytest.approx(
        [left + k * (right - left) / (size - 1) for k in range(size)]
    )
    assert (scene.maps[0][1][0], scene.maps[0][1][-1]) == pytest.approx((high, low))
    k = 7 * size + 3
    point = [scene.maps[0][0][k], scene.maps[0][1][k]]
    hidden = shown.model.layers[0](point)
    assert [column[k] for column in scene.maps[1]] == [y.data for y in hidden]
    assert scene.maps[2][0][k] == shown.model(point).data


def elements(svg, tag):
    return list(ET.fromstring(svg).iter(f"{SVG}{tag}"))


def test_the_picture_has_a_map_for_each_neuron_a_line_for_each_weight_and_the_data():
    shown = playground(3, 2, 1)
    svg = shown.to_svg()
    names = [g.find(f"{SVG}title").text for g in elements(svg, "g")]
    assert names == [
        "x1", "x2",
        "layer1/neuron1", "layer1/neuron2", "layer1/neuron3",
        "layer2/neuron1", "layer2/neuron2", "output",
    ]  # fmt: skip
    lines = [p for p in elements(svg, "path") if p.find(f"{SVG}title") is not None]
    weights = [w for layer in shown.model.layers for n in layer.neurons for w in n.w]
    assert [line[0].text for line in lines] == [f"weight {w.data:.4g}" for w in weights]
    dashed = ["stroke-dasharray" in line.attrib for line in lines]
    assert dashed == [w.data < 0.0 for w in weights]
    assert len(elements(svg, "circle")) == len(XOR)
    assert not elements(svg, "polyline")
    shown.step(3)
    (curve,) = elements(shown.to_svg(), "polyline")
    assert len(curve.get("points").split()) == 3


def test_of_several_outputs_the_plane_shows_the_class_of_the_highest():
    shown = playground(4, 3, labels=(0, 1, 2, 0))
    shown.step()
    svg = shown.to_svg()
    assert "the class of the highest score" in svg
    names = [g.find(f"{SVG}title").text for g in elements(svg, "g")]
    assert names[-4:] == [f"layer2/neuron{k}" for k in (1, 2, 3)] + ["output"]


def test_large_layers_are_shortened_and_say_so():
    svg = playground(12, 1).to_svg()
    assert ">4 more<" in svg
    assert "layer1/neuron9" not in svg


def test_words_and_shapes_stay_within_the_picture():
    shown = playground(12, 10, 1)
    shown.step(2)
    picture = ET.fromstring(shown.to_svg())
    width, height = float(picture.get("width")), float(picture.get("height"))
    for text in picture.iter(f"{SVG}text"):
        x, y, long = float(text.get("x")), float(text.get("y")), 6.5 * len(text.text)
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.get("text-anchor")]
        assert x - share * long >= 0.0, text.text
        assert x + (1.0 - share) * long <= width, text.text
        assert 9.0 <= y <= height, text.text
    for tile in picture.iter(f"{SVG}rect"):
        x, y, size = (float(tile.get(key)) for key in ("x", "y", "width"))
        assert x + size <= width
        assert y + size <= height


@pytest.mark.parametrize(
    ("labels", "outputs", "loss"),
    [
        ((0, 1, 1, 0), 1, nn.binary_cross_entropy_with_logits),
        ((-1, 1, 1, -1), 1, nn.hinge_loss),
        ((0.5, 1.5, 1.0, 0.0), 1, nn.mse_loss),
        ((0, 1, 2, 0), 3, nn.cross_entropy),
    ],
)
def test_the_loss_is_the_one_that_labels_and_outputs_ask_for(labels, outputs, loss):
    shown = playground(2, outputs, labels=labels)
    assert shown.loss is loss
    shown.step()
    assert len(shown.losses) == 1


def test_a_loss_of_ones_own_counts():
    shown = play(MLP(2, [1], seed=0), XOR, [0, 1, 1, 0], loss=mse_loss)
    assert shown.loss is mse_loss


def test_what_cannot_be_played_with_is_refused_with_a_word_on_what_to_take():
    with pytest.raises(TypeError, match="TrainingView"):
        play(MLP(3, [1]), XOR, [0, 1, 1, 0])
    with pytest.raises(TypeError, match=r"nn\.MLP of two inputs"):
        play(lambda row: row[0], XOR, [0, 1, 1, 0])
    with pytest.raises(ValueError, match="4 rows and 3 labels"):
        play(MLP(2, [1]), XOR, [0, 1, 1])
    with pytest.raises(ValueError, match="0 rows"):
        play(MLP(2, [1]), [], [])
    with pytest.raises(ValueError, match="from 1 to 64"):
        playground(2, 1).restart([0])


def test_controls_do_what_they_say():
    shown = playground(4, 1)
    obey(shown, {"do": "rate", "rate": 0.3})
    obey(shown, {"do": "step"})
    assert (shown.lr, len(shown.losses)) == (0.3, 1)
    obey(shown, {"do": "restart", "hidden": "3, 2"})
    assert (shown.hidden, shown.losses) == ([3, 2], [])
    obey(shown, {"do": "restart", "activation": "relu"})
    assert shown.activation == "relu"
    state = state_of(shown, "")
    assert (state["hidden"], state["activation"], state["rate"]) == (
        "3, 2",
        "relu",
        0.3,
    )
    with pytest.raises(ValueError, match="with commas"):
        obey(shown, {"do": "restart", "hidden": "many"})
    json.dumps(state)  # what goes to the browser


def test_a_stored_page_shows_the_picture_without_scripts():
    html = playground(2, 1).to_html()
    assert "<script" not in html
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert "<script" not in base64.b64decode(data).decode()
    assert "In a running notebook" in html


def test_without_anywidget_the_picture_is_shown_and_the_widget_says_what_is_missing(
    monkeypatch,
):
    from nn.playground import widget

    monkeypatch.setitem(sys.modules, "anywidget", None)
    widget._kind.cache_clear()
    shown = playground(2, 1)
    assert set(shown._repr_mimebundle_()) == {"text/plain", "text/html"}
    with pytest.raises(ModuleNotFoundError, match="pip install anywidget"):
        _ = shown.widget
    widget._kind.cache_clear()


def test_the_widget_answers_with_a_picture_or_with_what_went_wrong():
    pytest.importorskip("anywidget")
    shown = playground(4, 1)
    widget = shown.widget
    first = widget.state["svg"]
    widget._handle_custom_msg({"do": "step", "asked": 1}, [])
    assert widget.state["svg"] != first
    assert (widget.state["asked"], widget.state["fault"]) == (1, "")
    widget._handle_custom_msg({"do": "restart", "hidden": "0", "asked": 2}, [])
    assert "from 1 to 64" in widget.state["fault"]
    assert widget.state["asked"] == 2
    bundle = shown._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(shown)


PAGE = """<!doctype html><meta charset="utf-8"><title>playground</title>
<link rel="stylesheet" href="playground.css"><div id="cell"></div>
<pre id="notes"></pre>
<script type="module">
import widget from "./playground.js";

let state = await (await fetch("state.json")).json();
const heard = [];
const sent = [];
let epochs = 0;
const answers = { step: () => { epochs += 1; } };
const model = {
  get: () => state,
  send(message) {
    sent.push(message);
    (answers[message.do] ?? (() => {}))();
    const fault = message.hidden === "0" ? "from 1 to 64" : "";
    setTimeout(() => {
      state = { ...state, asked: message.asked, fault, svg: `<svg>${epochs}</svg>` };
      heard.forEach((f) => f());
    }, 1);
  },
  on(event, f) { heard.push(f); },
  off(event, f) { heard.splice(heard.indexOf(f), 1); },
};
const cell = document.getElementById("cell");
const notes = { images: 0 };
const leave = widget.render({ model, el: cell });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const [go, one, again] = cell.querySelectorAll("button");
const [rate, activation] = cell.querySelectorAll("select");
const hidden = cell.querySelector("input");
const change = (control, value) => {
  control.value = value;
  control.dispatchEvent(new Event("change"));
};
notes.shown = [rate.value, activation.value, hidden.value];
notes.images = cell.querySelectorAll("svg image").length;
one.click();
await wait(20);
notes.one = [epochs, cell.querySelector("svg").textContent];
go.click();
notes.name = [go.ariaLabel];
await wait(200);
go.click();
notes.name.push(go.ariaLabel);
notes.ran = epochs > 3;
await wait(20);
const before = epochs;
await wait(50);
notes.stopped = epochs === before;
sent.length = 0;
change(rate, "0.3");
change(activation, "relu");
change(hidden, "3, 2");
again.click();
notes.sent = sent.map(({ asked, ...rest }) => rest);
await wait(20);
go.click();
await wait(20);
change(hidden, "0");
await wait(20);
notes.fault = [cell.querySelector("p").textContent, go.ariaLabel];
let outside = 0;
document.addEventListener("keydown", () => { outside += 1; });
hidden.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
notes.outside = outside;
leave();
notes.left = heard.length;
document.getElementById("notes").textContent = JSON.stringify(notes);
</script>
"""


@pytest.mark.shared
def test_in_a_browser_it_runs_pauses_and_sends_what_was_chosen(open_page):
    files = {"index.html": PAGE}
    files["state.json"] = json.dumps(state_of(playground(4, 1), ""))
    sources = Path(nn.__file__).parent / "playground"
    for name in ("playground.js", "playground.css"):
        files[name] = (sources / name).read_text(encoding="utf-8")
    assert open_page(files) == {
        "shown": ["0.1", "tanh", "4"],
        "images": 7,  # two inputs, four neurons, the output
        "one": [1, "1"],
        "name": ["pause", "run"],
        "ran": True,
        "stopped": True,
        "sent": [
            {"do": "rate", "rate": 0.3},
            {"do": "restart", "activation": "relu"},
            {"do": "restart", "hidden": "3, 2"},
            {"do": "restart"},
        ],
        "fault": ["from 1 to 64", "run"],
        "outside": 0,
        "left": 0,
    }
