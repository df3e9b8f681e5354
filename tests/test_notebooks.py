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


def test_notebooks_run_the_form_under_test() -> None:
    code = "import autograd; print(autograd.COMPILED, autograd.__file__)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook).execute(cwd=str(NOTEBOOKS))
    (output,) = notebook.cells[0].outputs
    assert output.text == f"{autograd.COMPILED} {autograd.__file__}\n"
