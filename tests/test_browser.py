"""In a browser: the pure package under Pyodide, CPython compiled to WebAssembly.

It needs node and the npm package `pyodide`, and is skipped, with a word, without them.
``PYODIDE`` names a folder in which the package is installed; ``PYODIDE=install`` lets
npm install it into a temporary one. Pyodide's package holds Python and its library
alone, so NumPy, llvmlite, optree and Graphviz are missing: what needs them says so.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parent.parent  # of whichever form is tested
HERE = Path(__file__).parent.parent
NODE, NPM = shutil.which("node"), shutil.which("npm")
WHERE = os.environ.get("PYODIDE", "")
SECONDS = 240

DRIVER = """
import { pathToFileURL } from "url";
import { readFileSync } from "fs";
const [, , pyodide, root, graphviz, program] = process.argv;
const { loadPyodide } = await import(pathToFileURL(pyodide + "/pyodide.mjs").href);
const python = await loadPyodide();
for (const [place, folder] of [["/site/autograd", root + "/autograd"],
                               ["/site/nn", root + "/nn"],
                               ["/site/graphviz", graphviz]]) {
  python.FS.mkdirTree(place);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, place);
}
try {
  await python.runPythonAsync(readFileSync(program, "utf8"));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
"""
PROGRAM = """
import collections
import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "/site")

import nn
from autograd import (COMPILED, Value, check_grads, draw, explain, grad, hessian, jit,
                      step, vmap)

x, y = Value(2.0, name="x"), Value(3.0, name="y")
z = x * x * y + y.tanh()
z.backward()
Pair = collections.namedtuple("Pair", "a b")
product = lambda t: t["b"] * t["a"]
trees = [
    grad(lambda t: t["b"] * t["a"][0] * t["a"][1][0])({"b": 2.0, "a": [3.0, (5.0,)]}),
    grad(lambda t: t.a * t.b)(Pair(2.0, 3.0)),
    grad(product)(collections.OrderedDict(b=2.0, a=3.0)),
    grad(product)(collections.defaultdict(float, b=2.0, a=3.0)),
]
poly = lambda v: v[0] * v[1] ** 2
f = jit(grad(poly))
compiled = f([1.0, 2.0])
data = [[0.0, 1.0], [1.0, 0.0]] * 40, [1, -1] * 40
model = nn.MLP(2, [4, 1], seed=0)
history = nn.fit(model, *data, loss=nn.hinge_loss, epochs=20)
try:
    vmap(lambda v: v * v)([1.0, 2.0])
except ModuleNotFoundError as error:
    batch = str(error)
found = {
    "platform": sys.platform,
    "compiled form": COMPILED,
    "gradients": [z.data, x.grad, y.grad],
    "hessian": hessian(poly)([1.0, 2.0]),
    "trees": list(map(repr, trees)),
    "explanation": str(explain(z)),
    "svg": draw(z).pipe("svg", encoding="utf-8"),
    "shown": list(draw(z)._repr_mimebundle_()),
    "network": draw(model).pipe("svg").decode()[:4],
    "stepper": len(step(z).to_html()),
    "jit": compiled,
    "why eager": f.why_eager,
    "epochs": history.epochs,
    "loss": [history.losses[0], history.losses[-1]],
    "why training is eager": history.why_eager,
    "vmap": batch,
}
check_grads(poly, [1.0, 2.0])
print("FOUND" + json.dumps(found))
"""


@pytest.fixture(scope="module")
def pyodide(tmp_path_factory) -> Path:
    """Return the folder of the npm package."""
    if NODE is None:
        pytest.skip("node is not installed")
    if WHERE == "install" and NPM is not None:
        folder = tmp_path_factory.mktemp("npm")
        command = [NPM, "install", "--silent", "--no-fund", "--no-audit", "pyodide"]
        subprocess.run(command, cwd=folder, check=True, timeout=SECONDS)
        return folder / "node_modules" / "pyodide"
    for folder in (Path(WHERE or "."), HERE):
        for package in (folder, folder / "node_modules" / "pyodide"):
            if (package / "pyodide.mjs").exists():
                return package
    pytest.skip("the npm package pyodide is not there: PYODIDE=install installs it")


@pytest.fixture(scope="module")
def found(pyodide, tmp_path_factory):
    """Return what the program found in Pyodide."""
    folder = tmp_path_factory.mktemp("browser")
    folder.joinpath("driver.mjs").write_text(DRIVER)
    folder.joinpath("program.py").write_text(PROGRAM)
    graphviz = find_spec("graphviz").submodule_search_locations[0]
    done = subprocess.run(
        [NODE, "driver.mjs", str(pyodide), str(ROOT), graphviz, "program.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("FOUND")]
    return json.loads(line.removeprefix("FOUND"))


def test_values_and_derivatives_are_those_of_any_python(found):
    assert found["platform"] == "emscripten"
    assert found["compiled form"] is False
    x, y = 2.0, 3.0
    value, by_y = x * x * y + math.tanh(y), x * x + math.cosh(y) ** -2
    assert found["gradients"] == pytest.approx([value, 2.0 * x * y, by_y], rel=1e-15)
    assert found["hessian"] == [[0.0, 4.0], [4.0, 2.0]]


def test_structures_need_no_library(found):
    nested, pair, ordered, default = found["trees"]
    assert nested == "{'b': 15.0, 'a': [10.0, (6.0,)]}"
    assert pair == "Pair(a=3.0, b=2.0)"
    assert ordered == "OrderedDict({'b': 3.0, 'a': 2.0})"
    assert default.startswith("defaultdict(")
    assert default.endswith("{'b': 3.0, 'a': 2.0})")


def test_graphs_are_explained_drawn_and_stepped_through(found):
    assert "by the chain rule" in found["explanation"]
    assert "Laid out roughly" in found["svg"]
    assert found["svg"].count('class="node"') == 6
    assert found["shown"] == ["text/plain", "text/html"]
    assert found["network"] == "<svg"
    assert found["stepper"] > 10_000


def test_compiled_functions_run_as_python(found):
    assert found["jit"] == [4.0, 4.0]
    assert found["why eager"] == ""  # the program recorded runs, as Python source


def test_networks_are_trained(found):
    assert found["epochs"] == 20
    first, last = found["loss"]
    assert last < 0.8 * first
    assert "numpy is not installed" in found["why training is eager"]


def test_what_needs_numpy_says_so(found):
    assert "NumPy is not installed: pip install numpy" in found["vmap"]
