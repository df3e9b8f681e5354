"""Check what nbmake, which runs every notebook from top to bottom, does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import autograd

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))

every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@every_notebook
def test_a_notebook_is_committed_as_it_ran_from_top_to_bottom(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in code]
    assert counts == list(range(1, len(code) + 1))
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert "error" not in kinds
    assert kinds & {"display_data", "execute_result", "stream"}


@every_notebook
def test_a_notebook_names_no_place_on_the_machine_it_ran_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?:/home/|/Users/|/root/|/tmp/|C:\\\\)[^\"\s]*", text)


@every_notebook
def test_a_notebook_runs_on_any_python_kernel(path: Path) -> None:
    kernel = nbformat.read(path, as_version=4).metadata.kernelspec
    assert (kernel.name, kernel.language) == ("python3", "python")


@every_notebook
def test_a_notebook_shows_no_warnings_and_no_addresses(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert all(output.get("name") != "stderr" for output in outputs)
    texts = [x.get("text") or x.get("data", {}).get("text/plain", "") for x in outputs]
    assert not re.findall(r"\b0x[0-9a-f]{6,}|\w*Warning\b", "\n".join(texts))


@every_notebook
def test_a_notebook_stores_no_widget_which_would_need_its_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    kinds = {kind for output in outputs for kind in output.get("data", ())}
    assert not any("widget" in kind for kind in kinds)


@every_notebook
def test_a_notebook_links_to_notebooks_that_exist(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+\.ipynb)", path.read_text(encoding="utf-8"))
    assert all((NOTEBOOKS / link).exists() for link in links)
    assert path == PATHS[-1] or links[-1] == PATHS[PATHS.index(path) + 1].name


def solutions(cells: list[Any]) -> list[str]:
    """Return the code that is folded at the end of a notebook, one for an exercise."""
    folded = [
        cell.source
        for cell in cells
        if cell.cell_type == "markdown" and cell.source.startswith("<details>")
    ]
    return re.findall(r"```python\n(.*?)```", "\n".join(folded), re.DOTALL)


def is_tagged(cell: Any, tag: str) -> bool:
    return tag in cell.metadata.get("tags", ())


def with_answers(cells: list[Any]) -> tuple[list[Any], list[Any]]:
    """Answer each exercise, first wrongly and then as its solution has it.

    Returns the code cells up to the last check, and of these the checks of wrong
    answers. What takes long and serves no exercise is left out.
    """
    code = [cell for cell in cells if cell.cell_type == "code"]
    last = max(k for k, cell in enumerate(code) if is_tagged(cell, "exercise"))
    rest, answers = code[: last + 2], iter(solutions(cells))
    run, wrong = [], []
    for exercise, check in zip(rest, [*rest[1:], None], strict=True):
        if not is_tagged(exercise, "exercise"):
            if not is_tagged(exercise, "long"):
                run.append(exercise)
            continue
        refused = nbformat.v4.new_code_cell(check.source)
        refused.metadata["tags"] = ["raises-exception"]
        wrong.append(refused)
        run += [
            nbformat.v4.new_code_cell(exercise.source.replace("...", "0.0625")),
            refused,
            nbformat.v4.new_code_cell(next(answers)),
        ]
    return run, wrong


@pytest.mark.shared
@every_notebook
def test_exercises_refuse_a_wrong_answer_and_accept_their_solution(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    exercises = [cell for cell in cells if is_tagged(cell, "exercise")]
    assert exercises
    assert len(solutions(cells)) == len(exercises)
    run, wrong = with_answers(cells)
    notebook = nbformat.v4.new_notebook(cells=run)
    NotebookClient(notebook, timeout=300).execute(cwd=str(NOTEBOOKS))
    for check in wrong:
        errors = [x for x in check.outputs if x.output_type == "error"]
        assert [error.ename for error in errors] == ["AssertionError"]
        assert len(errors[0].evalue.split()) > 4  # it says what is wrong
    right = [run[run.index(check) + 2] for check in wrong]
    for check in right:
        printed = "".join(x.text for x in check.outputs if x.output_type == "stream")
        assert "right" in printed.lower()
        assert "your turn" not in printed.lower()


# What the article that the course follows speaks of, and what shows each: a piece of
# the code of a cell that has an output.
TERMS = {
    "forward propagation": "h1, h2 = sigmoid(z1_1), sigmoid(z1_2)",
    "layers": "draw(network",
    "weight": "W1_11",
    "bias": "b1_1",
    "sigmoid": "def sigmoid(",
    "softmax": "powers = [math.exp(score)",
    "linear output": "linear_delta2",
    "chain rule": "d_y * y * (1 - y)",
    "partial derivative": "by_hand",
    "mean squared error": "error**2 for error in errors",
    "gradient descent": "parameter.data -= rate * parameter.grad",
    "other optimisers": "Adam(p, lr=",
    "converged": "history.stopped_because",
    "maximum": "history.stopped_because",
    "random initialisation": '"random": None',
    "learning rate": "descend(rate)",
    "deep network": "[6] * 6 + [1]",
}


@pytest.mark.parametrize("term", TERMS)
def test_a_notebook_defines_and_shows_each_term_of_the_article(term: str) -> None:
    for path in PATHS:
        cells = nbformat.read(path, as_version=4).cells
        places = [
            k
            for k, cell in enumerate(cells)
            if cell.cell_type == "markdown"
            and re.search(rf"\*\*{term}[^*]*\*\*", cell.source, re.IGNORECASE)
        ]
        shown = (
            cell.cell_type == "code" and TERMS[term] in cell.source and cell.outputs
            for cell in cells[min(places, default=len(cells)) :]
        )
        if any(shown):
            return
    pytest.fail(f"no notebook has **{term}** in bold, and then a cell that shows it")


CHINESE = (
    "前向传播 反向传播 链式法则 偏导数 "
    "权重 偏置 激活函数 损失函数 "
    "梯度下降 学习率 隐藏层"
)


@pytest.mark.parametrize("term", CHINESE.split())
def test_the_glossary_has_the_words_of_the_article(term: str) -> None:
    cells = nbformat.read(PATHS[0], as_version=4).cells
    (glossary,) = [cell.source for cell in cells if "## Glossary" in cell.source]
    row = rf"^\| [a-z ,]+ \|[^|]*{term}[^|]* \| .+ \|$"
    assert re.search(row, glossary, re.MULTILINE)


def printed(code: str) -> str:
    """Return what a cell prints in Jupyter."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook).execute(cwd=str(NOTEBOOKS))
    (output,) = notebook.cells[0].outputs
    return str(output.text)


def test_notebooks_run_the_form_under_test() -> None:
    code = "import autograd; print(autograd.COMPILED, autograd.__file__)"
    assert printed(code) == f"{autograd.COMPILED} {autograd.__file__}\n"


def test_diagnose_names_the_cell_and_line_that_made_a_node() -> None:
    code = """\
from autograd import Value, debug, diagnose
x = Value(1e200)
with debug():
    y = x * x
y.backward()
print(diagnose(y))
"""
    assert "(Cell In[1], line 4)" in printed(code)
