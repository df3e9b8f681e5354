"""Check what nbmake, which runs every notebook from top to bottom, does not."""

from __future__ import annotations

import re
from pathlib import Path

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
def test_a_notebook_links_to_notebooks_that_exist(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+\.ipynb)", path.read_text(encoding="utf-8"))
    assert all((NOTEBOOKS / link).exists() for link in links)
    assert path == PATHS[-1] or links[-1] == PATHS[PATHS.index(path) + 1].name


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
