"""Type checkers and editors see what people see, in either form."""

from __future__ import annotations

import ast
import inspect
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd import Value, math
from autograd.primitives import TABLE, Primitive

SCRIPT = Path(__file__).with_name("user_script.py")
PLACE = Path(autograd.__file__).parent


def stub(name: str, kind: str) -> dict[str, ast.AST]:
    tree = ast.parse(PLACE.joinpath(name).read_text(encoding="utf-8"))
    (found,) = (
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == kind
    )
    names: dict[str, ast.AST] = {}
    for node in found.body:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = node
    return names


def test_the_stub_of_value_lists_what_a_value_has_and_nothing_else():
    listed = {name for name in stub("value.pyi", "Value") if name[:1] != "_"}
    assert listed == {name for name in dir(Value) if name[:1] != "_"}


def test_the_operators_in_the_stub_are_those_of_a_value():
    listed = {name for name in stub("value.pyi", "Value") if name[:2] == "__"}
    assert listed <= {*dir(Value)}
    of_floats = {name for name in dir(Value) if name[:2] == "__"} & {*vars(float)}
    of_floats -= {*vars(object)}
    refused = {"__float__", "__int__"}  # they raise
    assert of_floats - refused - listed == set()


def test_methods_take_what_the_stub_says():
    for name, node in stub("value.pyi", "Value").items():
        rows = [row for row in TABLE.values() if name in row.methods]
        if not rows or not isinstance(node, ast.FunctionDef):
            continue
        (row,) = rows
        taken = list(inspect.signature(row).parameters)[1:]
        arguments = [*node.args.posonlyargs, *node.args.args]
        assert [a.arg for a in arguments if a.arg != "self"] == taken, name


def test_the_stub_of_primitive_lists_its_columns():
    row = math.tanh
    columns = {name for name in dir(row) if name[:1] != "_"}
    assert columns == {
        n for n in stub("primitives/row.pyi", "Primitive") if n[:1] != "_"
    }
    assert isinstance(row, Primitive)


def test_the_users_script_runs():
    names = runpy.run_path(str(SCRIPT))
    assert names["slope"] == 12.0
    assert names["version"] == autograd.__version__


def test_the_users_script_names_everything_that_is_public():
    words = set(re.findall(r"\w+", SCRIPT.read_text(encoding="utf-8")))
    assert {*autograd.__all__} - {"COMPILED"} <= words


@pytest.mark.shared
def test_mypy_finds_nothing_wrong_with_the_users_script(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    command = [sys.executable, "-P", "-m", "mypy", "--strict", "--no-incremental"]
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    found = subprocess.run(
        [*command, script.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.startswith("Success"), found.stdout + found.stderr


@pytest.mark.shared
@pytest.mark.parametrize("name", [*autograd.__all__, "math.tanh", "Value(1.0).tanh"])
def test_an_editor_completes_every_public_name(name):
    jedi = pytest.importorskip("jedi", reason="jedi is not installed")
    outer, _, last = f"autograd.{name}".rpartition(".")
    code = f"import autograd\nfrom autograd import Value, math\n{outer}.{last[:2]}"
    if name.startswith(("math", "Value(")):
        code = code.replace("autograd.math.", "math.").replace(
            "autograd.Value", "Value"
        )
    project = jedi.Project(PLACE.parent, added_sys_path=[str(PLACE.parent)])
    found = jedi.Script(code, project=project).complete()
    assert last in {completion.name for completion in found}
