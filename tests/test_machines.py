"""Other engines run compiled functions: what .github/MACHINES.md shows is run here."""

from __future__ import annotations

import importlib.util
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

np = pytest.importorskip("numpy")
pytest.importorskip("llvmlite")
pytest.importorskip("cloudpickle")

PAGE = Path(__file__).parent.parent / ".github" / "MACHINES.md"
HERE = str(Path(__file__).parent)
ROOT = str(Path(autograd.__file__).parent.parent)


def blocks():
    """Return the page's code by the heading above it, "" for what comes first."""
    found = {}
    for part in re.split(r"^## ", "\n" + PAGE.read_text("utf-8"), flags=re.MULTILINE):
        heading = part.partition("\n")[0].strip()
        code = re.findall(r"```python\n(.*?)```", part, re.DOTALL)
        found["" if not found else heading] = "".join(code)
    return found


def python(script, tmp_path, *args):
    """Run a script as a program of its own; return what it prints."""
    file = tmp_path / "script.py"
    file.write_text(script, "utf-8")
    environment = {**os.environ, "PYTHONPATH": ROOT, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, str(file), *args], env=environment, cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("allowed", "used"),
    [("1", 1), ("3", 3), ("2,1", 2), (" 1 ", 1), ("8", 4), ("0", 4), ("", 4), ("x", 4)],
)
def test_a_worker_uses_as_many_threads_as_its_engine_allows(allowed, used, monkeypatch):
    from autograd.compiler.calls import vmap_runner

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    monkeypatch.setattr(vmap_runner, "_threads", [0])
    monkeypatch.setenv("OMP_NUM_THREADS", allowed)
    vmap_runner._bound.cache_clear()
    try:
        assert vmap_runner.threads() == used
        assert vmap_runner.threads(3) == 3
    finally:
        vmap_runner._bound.cache_clear()


CHECK = """
    expected = total([slopes(w, part) for part in np.split(rows, 4)])
    assert (value, gradient) == (expected[0], expected[1]), (value, gradient, expected)
    print("the same bits")
"""


@pytest.mark.shared
@pytest.mark.parametrize("engine", ["Dask", "joblib", "Ray"])
def test_the_page_computes_the_same_bits_as_one_machine(engine, tmp_path):
    module = {"Dask": "distributed"}.get(engine, engine.lower())
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    code = blocks()
    assert code[engine].count("\n") <= 15
    own = "".join(f"    {line}\n" for line in code[engine].splitlines())
    script = f"{code['']}\nif __name__ == '__main__':\n{own}{CHECK}"
    assert python(script, tmp_path).endswith("the same bits\n")


ONCE = """
from dask.distributed import Client, LocalCluster, wait

def count():
    from autograd.compiler.calls import vmap_runner
    counted, compile_native = [0], vmap_runner.compile_native
    def counting(*args, **kwargs):
        counted[0] += 1
        return compile_native(*args, **kwargs)
    vmap_runner.compile_native, vmap_runner.counted = counting, counted

def counted():
    from autograd.compiler.calls import vmap_runner
    return vmap_runner.counted[0]

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as c:
        with Client(c) as client:
            client.run(count)
            workers = sorted(client.run(counted))
            for _ in range(3):
                tasks = [
                    client.submit(slopes, w, part, pure=False, workers=[workers[i % 2]])
                    for i, part in enumerate(np.split(rows, 8))
                ]
                client.gather(tasks)
            print(sorted(client.run(counted).values()))
"""


@pytest.mark.shared
def test_each_of_dasks_workers_compiles_once(tmp_path):
    pytest.importorskip("distributed")
    assert python(blocks()[""] + ONCE, tmp_path).endswith("[1, 1]\n")


SENDER = """
import pickle, sys
import cloudpickle
from autograd import (
    errstate, grad, hessian, hvp, jacobian, jit, lift, math, primitive, solve,
    value_and_grad, vmap,
)

def f(x):
    return x * x * math.exp(x)

def loss(w, x):
    return (w * x - 1.0) ** 2

cube = primitive(lambda x: x**3, lambda y, x: 3.0 * x * x, name="cube")
twin = primitive(lambda x: -x, lambda y, x: -1.0, name="cube")
itself = primitive(lambda x: 2.0**x, lambda y, x: math.log(2.0) * itself(x), name="i")
g = jit(grad(f))
summed = vmap(loss, (None, 0), reduce="sum")

THINGS = {
    "grad": grad(f), "of a lambda": grad(lambda x: x * x), "hessian": hessian(f),
    "value": value_and_grad(f), "jacobian": jacobian(f),
    "rows": vmap(grad(f)), "rows of a lambda": vmap(lambda x: x * x),
    "jit": jit(lambda x: x * x), "jit of grad": jit(grad(lambda x: x**3)), "g": g,
    "sum": value_and_grad(summed), "jit of sum": jit(value_and_grad(summed)),
    "primitive": cube, "its namesake": twin, "its gradient": grad(cube),
    "itself": grad(itself), "jit of primitive": jit(lambda x: cube(x)),
    "lifted": lift(f), "solved": jit(lambda a: solve(lambda x, a: x * x - a, 1.0, a)),
}

def called(name, thing):
    import numpy as np
    rows = np.array([0.5, 1.5])
    if name.startswith("rows"):
        return thing(rows).tolist()
    return thing(2.0, rows) if "sum" in name else thing(2.0)

if __name__ == "__main__":
    for when in ("fresh", "used"):
        sent = {name: cloudpickle.dumps(thing) for name, thing in THINGS.items()}
        jits = {n: t for n, t in THINGS.items() if "jit" in n or n == "g"}
        plain = {name: pickle.dumps(thing) for name, thing in jits.items()}
        here = {name: called(name, thing) for name, thing in THINGS.items()}
        with open(sys.argv[1] + when, "wb") as file:
            pickle.dump((sent, plain, here, cloudpickle.dumps(called)), file)
    assert cloudpickle.loads(sent["primitive"]) is cube
    assert cloudpickle.loads(sent["its namesake"]) is twin
"""
RECEIVER = """
import pickle, sys
for when in ("fresh", "used"):
    with open(sys.argv[1] + when, "rb") as file:
        sent, plain, here, called = pickle.load(file)
    called = pickle.loads(called)
    for kind in (sent, plain):
        for name, data in kind.items():
            found = called(name, pickle.loads(data))
            assert found == here[name], (when, name, found, here[name])
print("all of", len(sent), len(plain))
"""


def test_what_a_script_derives_runs_in_a_process_that_lacks_the_script(tmp_path):
    sent = str(tmp_path / "sent")
    python(SENDER, tmp_path, sent)
    assert python(RECEIVER, tmp_path, sent).startswith("all of 19")


def copied(thing):
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own


def test_a_modules_compiled_gradient_goes_by_reference_before_its_first_call(
    tmp_path,
):
    module = tmp_path / "a_module.py"
    module.write_text(
        "from autograd import grad, jit, math\n"
        "def f(x):\n    return x * math.tanh(x)\n"
        "g = jit(grad(f))\n",
    )
    script = (
        "import pickle, a_module\n"
        "data = pickle.dumps(a_module.g)\n"
        "assert b'cloudpickle' not in data and len(data) < 200, len(data)\n"
        "again = pickle.loads(data)\n"
        "print(again(0.5) == a_module.g(0.5) == a_module.grad(a_module.f)(0.5))\n"
    )
    assert python(script, tmp_path) == "True\n"


def test_a_changed_function_that_is_sent_again_is_not_the_old_one():
    numbers = {"factor": 2.0}
    f = autograd.jit(lambda x: x * numbers["factor"])
    first = copied(f)
    assert first(3.0) == 6.0
    numbers["factor"] = 5.0
    assert copied(f)(3.0) == 15.0
    assert first(3.0) == 6.0
