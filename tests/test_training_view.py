"""What a TrainingView sees and draws, against what the model says."""

from __future__ import annotations

import base64
import re
import struct
import sys

import pytest

from autograd import Value
from nn import MLP, SGD, History, Module, TrainingView, fit, mse_loss, training_view
from nn.training.plots import bitmaps

pytest.importorskip("matplotlib")

ROWS, LABELS = [[0.0, 0.0], [2.0, 0.0], [0.0, 1.0], [2.0, 1.0]], [0, 1, 0, 1]
IMAGE = re.compile(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)">')


class Plane(Module):
    """The score a*x1 + b*x2 + c, so that every number on the grid is known."""

    def __init__(self, a, b, c):
        self.weights = [Value(a), Value(b), Value(c)]

    def __call__(self, row):
        a, b, c = self.weights
        return a * row[0] + b * row[1] + c


class Nearest(Module):
    """Three scores, the highest that of the nearest of three points on the x1 axis."""

    def __init__(self):
        self.points = [Value(0.0), Value(1.0), Value(2.0)]

    def __call__(self, row):
        return [-((row[0] - point) ** 2) for point in self.points]


def pictures(html):
    """Return the first part of each picture with its title."""
    found = [(title, base64.b64decode(data)) for title, data in IMAGE.findall(html)]
    return [(title, data) for title, data in found if title]


def test_it_sees_the_scores_of_the_model_all_over_the_data():
    view = TrainingView(Plane(2.0, -3.0, 0.5), ROWS, LABELS)
    xs, ys = view.grid()
    assert (xs[0], xs[-1]) == pytest.approx((-0.2, 2.2))
    assert (ys[0], ys[-1]) == pytest.approx((-0.1, 1.1))
    (look,) = view.looks
    assert look.scores[3][7] == pytest.approx(2.0 * xs[7] - 3.0 * ys[3] + 0.5)
    assert len(look.scores) == len(ys)
    assert {len(row) for row in look.scores} == {len(xs)}


def test_the_boundary_is_drawn_where_the_score_is_zero():
    # x1 = 1.2 is where the score changes its sign.
    figure = TrainingView(Plane(1.0, 0.0, -1.2), ROWS, LABELS).figure()
    _, plane, bar = figure.axes
    assert bar.get_ylabel() == "score"
    line = plane.collections[1]
    (path,) = line.get_paths()
    assert [x for x, _ in path.vertices] == pytest.approx([1.2] * len(path.vertices))
    zeros, ones = plane.collections[2:]
    assert zeros.get_offsets().tolist() == [ROWS[0], ROWS[2]]
    assert ones.get_offsets().tolist() == [ROWS[1], ROWS[3]]
    assert [text.get_text() for text in plane.get_legend().get_texts()] == ["0", "1"]


def test_of_several_scores_the_highest_one_says_the_class():
    view = TrainingView(Nearest(), ROWS, [0, 2, 0, 2])
    xs, _ = view.grid()
    assert view.looks[0].scores[0] == [
        min((0, 1, 2), key=lambda k: abs(x - k)) for x in xs
    ]
    borders = view.figure().axes[1].collections[1]
    assert borders.levels.tolist() == [0.5, 1.5]


def test_two_classes_have_the_colours_of_their_points_on_the_plane_too():
    class Two(Nearest):
        def __call__(self, row):
            return super().__call__(row)[:2]

    plane = TrainingView(Two(), ROWS, LABELS).figure().axes[1]
    zero, one = plane.collections[0].get_facecolor()
    assert zero[0] > zero[2]  # reddish
    assert one[2] > one[0]  # bluish


def test_a_score_of_one_sign_has_no_boundary_and_is_drawn_all_the_same():
    view = TrainingView(Plane(0.0, 0.0, 5.0), ROWS)
    assert len(view.figure().axes[1].collections) == 1
    assert TrainingView(Plane(0.0, 0.0, 0.0), ROWS).figure()


def test_it_keeps_what_the_model_said_before_it_learnt():
    model = Plane(1.0, 0.0, 0.0)
    view = TrainingView(model, ROWS, LABELS)
    before = view.looks[0].scores
    kept = [row[:] for row in before]
    optimizer = SGD(model.parameters(), lr=0.1)
    for epochs in (3, 2):
        view(
            fit(
                model, ROWS, LABELS, loss=mse_loss, optimizer=optimizer, epochs=epochs,
                patience=None, progress=False,
            )
        )  # fmt: skip
    assert before == kept
    assert view.looks[-1].scores != kept
    assert [look.epoch for look in view.looks] == [0, 3, 5]
    assert len(view.losses) == 5


def test_looking_changes_nothing_in_the_model():
    model = MLP(2, [4, 1], seed=0)
    for p in model.parameters():
        p.grad = 0.25
    before = model.state_dict()
    TrainingView(model, ROWS, LABELS).to_html()
    assert model.state_dict() == before
    assert {p.grad for p in model.parameters()} == {0.25}


def test_a_history_that_grows_is_read_on():
    view = TrainingView(Plane(1.0, 0.0, 0.0))
    history = History(losses=[3.0])
    view(history)
    history.losses.append(2.0)
    view(history)
    view(History(losses=[1.0]))
    assert view.losses == [3.0, 2.0, 1.0]


@pytest.mark.shared
def test_each_look_is_a_picture_and_the_last_is_the_one_shown():
    view = TrainingView(Plane(1.0, 0.0, -1.0), ROWS, LABELS)
    for loss in (0.5, 0.25):
        view(History(losses=[loss]))
    html = view._repr_mimebundle_()["text/html"]
    shown = pictures(html)
    titles = ["after 0 epochs", "after 1 epoch: loss 0.5", "after 2 epochs: loss 0.25"]
    assert [title for title, _ in shown] == titles
    assert all(data.startswith(b"\x89PNG") for _, data in shown)
    assert len({data for _, data in shown}) == 3
    assert html.count('<img alt="" ') == 3  # the boundaries, beside the losses
    assert html.count("<details>") == 2
    assert html == view.to_html()
    assert view._repr_mimebundle_()["text/plain"] == (
        "<training of Plane: 2 epochs, seen after 0, 1, 2>"
    )


@pytest.mark.shared
def test_of_many_looks_some_are_shown_the_first_and_the_last_among_them():
    view = TrainingView(Plane(1.0, 0.0, -1.0))
    for _ in range(40):
        view(History(losses=[1.0]))
    titles = [frame["title"] for frame in view.frames]
    assert len(titles) == 16
    assert titles[0] == "after 0 epochs"
    assert titles[-1] == "after 40 epochs: loss 1"


def test_of_one_input_the_data_and_the_curve_are_drawn():
    rows, targets = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.5]

    class Line(Module):
        def __call__(self, row):
            return 2.0 * row[0] + 1.0

    view = TrainingView(Line(), rows, targets)
    (xs,) = view.grid()
    _, curve = view.figure().axes
    data, model = curve.lines
    assert data.get_xydata().tolist() == [[0.0, 1.0], [1.0, 3.0], [2.0, 5.5]]
    assert model.get_ydata().tolist() == [2.0 * x + 1.0 for x in xs]


def test_accuracy_has_a_scale_of_its_own():
    view = TrainingView(Plane(1.0, 0.0, 0.0))
    view(History(losses=[0.5, 0.2], metrics={"accuracy": [0.6, 0.9]}))
    losses, accuracy = view.figure().axes
    assert accuracy.lines[0].get_ydata().tolist() == [0.6, 0.9]
    assert losses.lines[0].get_ydata().tolist() == [0.5, 0.2]
    assert view.frames[-1]["title"] == "after 2 epochs: loss 0.2, accuracy 0.9"


def test_pictures_have_no_ground_of_their_own_so_that_they_suit_a_dark_page():
    figure = TrainingView(Plane(1.0, 0.0, -1.2), ROWS, LABELS).figure()
    grounds = [part.patch.get_facecolor() for part in (figure, *figure.subfigs)]
    assert {alpha for *_, alpha in grounds} == {0.0}
    titled = [axes for axes in figure.axes if axes.get_title()]
    assert {axes.title.get_color() for axes in titled} == {"#7a828e"}


def test_without_one_or_two_inputs_there_is_the_loss_alone():
    view = TrainingView(MLP(3, [1], seed=0), [[0.0, 1.0, 2.0]], [1.0])
    view(History(losses=[-1.0, -2.0]))
    (losses,) = view.figure().axes
    assert losses.get_yscale() == "linear"
    assert losses.lines[0].get_ydata().tolist() == [-1.0, -2.0]
    view(History(losses=[1.0]))
    assert view.looks[-1].scores == []


def test_the_parts_of_a_picture_are_bitmaps_of_their_own_that_a_narrow_page_stacks():
    view = TrainingView(Plane(1.0, 0.0, -1.0), ROWS, LABELS)
    losses, plane = bitmaps(view.figure())
    sizes = [struct.unpack(">II", data[16:24]) for data in (losses, plane)]
    assert sizes == [(352, 272)] * 2
    assert losses != plane


def test_losses_above_zero_are_drawn_on_a_logarithmic_scale():
    view = training_view(History(losses=[1.0, 0.1]), Plane(1.0, 0.0, 0.0))
    assert view.figure().axes[0].get_yscale() == "log"


def test_training_view_shows_a_training_that_is_over():
    view = training_view(
        History(losses=[2.0, 1.0]), Plane(1.0, 0.0, -1.0), ROWS, LABELS
    )
    assert [look.epoch for look in view.looks] == [2]
    html = view.to_html()
    assert len(pictures(html)) == 1
    assert "<script>" not in html


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    view = training_view(History(losses=[2.0]), Plane(1.0, 0.0, 0.0))
    assert "pip install matplotlib" in view._repr_mimebundle_()["text/plain"]
    with pytest.raises(ModuleNotFoundError, match="pip install matplotlib"):
        view.figure()


def test_what_cannot_be_used_is_refused():
    with pytest.raises(TypeError, match="cannot be called"):
        TrainingView(3.0)
    with pytest.raises(ValueError, match="4 rows and y has 1"):
        TrainingView(Plane(1.0, 0.0, 0.0), ROWS, [1])
    with pytest.raises(TypeError, match="has the losses"):
        training_view([1.0], Plane(1.0, 0.0, 0.0))
