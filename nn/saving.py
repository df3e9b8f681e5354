"""Keep a model in a file: JSON that round-trips every bit, or safetensors. No pickle.

A file of nn's own layers says what they are, so `load` makes the model anew; to load
parameters alone, give it a model to fill. Whatever is wrong with a file is found before
anything changes, and a file is written beside its place and then moved there, so that
nobody ever sees half of it.
"""

from __future__ import annotations

import json
import math
import os
import sys
from contextlib import suppress
from typing import Any

from nn.blocks import Dropout, Embedding, LayerNorm, Linear, Sequential
from nn.layers import MLP, Layer
from nn.module import Module

FORMAT = "scalar-autograd model"
VERSION = 2  # 1 named parameters otherwise: see `Module.load_state_dict`

MSG_FILE = "{path} is no file of a {what}: {why}"
MSG_VERSION = (
    "{path} was written by a later version of scalar-autograd (format {got}, this one "
    "reads {known}): install that one, or save the model again with this one"
)
MSG_SPEC = (
    "{path} holds the parameters of a {kind}, which is no class of nn's own, so it "
    "cannot be made anew: make one and write nn.load({path!r}, model)"
)
MSG_SAVE = "nn.save takes a Module, not {0!r}"
MSG_SAFETENSORS = "to read and write .safetensors: pip install safetensors"


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write a model's parameters and, of nn's own layers, what they are.

    Args:
        model: the model.
        path: ends in ``.safetensors`` for that format, anything else is JSON.

    Raises:
        TypeError: if it is no Module.
        ValueError: if a parameter is not finite.

    >>> save(MLP(2, [2, 1], seed=0), "model.json")
    >>> load("model.json")
    MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]

    """
    if not isinstance(model, Module):
        raise TypeError(MSG_SAVE.format(model))
    state = model.state_dict()
    for name, number in state.items():
        if not math.isfinite(number):
            message = f"{name!r} is {number}, and nothing was written"
            raise ValueError(message)
    spec = spec_of(model)
    if spec is not None and set(made_of(spec).state_dict()) != set(state):
        spec = None  # weights are shared, or there are more
    head = {"format": FORMAT, "version": VERSION, "kind": type(model).__name__}
    head["model"] = spec
    if not os.fspath(path).endswith(".safetensors"):
        write_json(path, head | {"parameters": state})
        return
    import numpy as np

    tensors = {name: np.array(number) for name, number in state.items()}
    about = {"scalar-autograd": json.dumps(head)}
    _replace(path, _safetensors().save(tensors, metadata=about))


def load(path: str | os.PathLike[str], model: Module | None = None) -> Any:
    """Return the model in a file, or fill one with the parameters in it.

    Args:
        path: what `save` wrote.
        model: one of yours, of the same shape; None to make one of nn's own layers.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is damaged, of a later version, or of another shape; the model
            is as it was then.

    """
    where = os.fspath(path)
    if where.endswith(".safetensors"):
        found = _read_safetensors(where)
    else:
        found = read_json(where, FORMAT)
    state = found.get("parameters")
    if not isinstance(state, dict):
        raise _damaged(where, FORMAT, "its parameters are missing")
    for name, number in state.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise _damaged(where, FORMAT, f"{name!r} is {number!r} and no number")
        if not -sys.float_info.max <= number <= sys.float_info.max:
            raise _damaged(where, FORMAT, f"{name!r} is not finite")
    if model is None:
        if found.get("model") is None:
            raise ValueError(MSG_SPEC.format(path=where, kind=found.get("kind")))
        try:
            model = made_of(found["model"])
        except Exception as error:
            why = f"it does not say what the model is ({error!r})"
            raise _damaged(where, FORMAT, why) from error
    model.load_state_dict(state)
    return model


def spec_of(module: Any) -> dict[str, Any] | None:
    """Return what one of nn's own modules is made from, None of any other."""
    kind = type(module)
    given: dict[str, Any] = {}
    if kind in {MLP, Sequential}:
        given = {"layers": [spec_of(layer) for layer in module.layers]}
        if None in given["layers"]:
            return None
    elif kind in {Layer, Linear}:
        forms = {(n.activation, n.b is not None) for n in module.neurons}
        ((activation, bias), *others) = forms
        if others or not isinstance(activation, str | None):
            return None
        given = {"nin": module.nin, "nout": module.nout, "bias": bias}
        given |= {} if kind is Linear else {"activation": activation}
    elif kind is Dropout:
        return {"kind": "Dropout", "rate": module.rate}
    elif kind is LayerNorm:
        return {"kind": "LayerNorm", "nin": len(module.scale), "eps": module.eps}
    elif kind is Embedding:
        rows = module.rows
        return {"kind": "Embedding", "n": len(rows), "nout": len(rows[0])}
    else:
        return None
    return {"kind": kind.__name__, "name": module.name, **given}


def made_of(spec: dict[str, Any]) -> Any:
    """Return the module that `spec_of` described, with other parameters."""
    given = {name: item for name, item in spec.items() if name != "kind"}
    kinds = (MLP, Sequential, Layer, Linear, Dropout, LayerNorm, Embedding)
    kind: Any = {k.__name__: k for k in kinds}[spec["kind"]]
    if kind in {Layer, Linear, Embedding}:
        return kind(**given, seed=0)
    if kind in {Dropout, LayerNorm}:
        return kind(**given)
    layers = [made_of(part) for part in given.pop("layers")]
    model: Any = Sequential(*layers, **given)
    model.__class__ = kind
    return model


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write JSON, all of it or nothing."""
    _replace(path, json.dumps(content, indent=1).encode())


def read_json(path: str | os.PathLike[str], form: str) -> dict[str, Any]:
    """Return what is in a file of a format, of a version that is known.

    Raises:
        ValueError: if it is not.

    """
    with open(path, "rb") as file:  # noqa: PTH123 - a path of any kind
        text = file.read()
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, form, error) from error
    return _checked(path, content, form)


def _checked(path: Any, content: Any, form: str) -> dict[str, Any]:
    if not isinstance(content, dict) or content.get("format") != form:
        raise _damaged(path, form, f"it does not have the format {form!r}")
    version = content.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _damaged(path, form, f"its version is {version!r}")
    if version > VERSION:
        message = MSG_VERSION.format(path=path, got=version, known=VERSION)
        raise ValueError(message)
    return content


def _damaged(path: Any, form: str, why: object) -> ValueError:
    what = form.rpartition(" ")[2]
    return ValueError(MSG_FILE.format(path=path, what=what, why=why))


def _replace(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file beside its place and move it there."""
    beside = f"{os.fspath(path)}.{os.getpid()}.part"
    try:
        with open(beside, "wb") as file:  # noqa: PTH123 - a path of any kind
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)  # noqa: PTH105 - as above
    finally:
        with suppress(OSError):
            os.remove(beside)  # noqa: PTH107 - as above


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ModuleNotFoundError(MSG_SAFETENSORS) from error
    return safetensors.numpy


def _read_safetensors(path: str) -> dict[str, Any]:
    library = _safetensors()
    with open(path, "rb") as file:  # noqa: PTH123 - a path of any kind
        data = file.read()
    try:
        tensors = library.load(data)
        size = int.from_bytes(data[:8], "little")
        about = json.loads(data[8 : 8 + size])["__metadata__"]
        head = json.loads(about["scalar-autograd"])
        state = {name: tensor.item() for name, tensor in tensors.items()}
    except Exception as error:
        raise _damaged(path, FORMAT, repr(error)) from error
    return _checked(path, head, FORMAT) | {"parameters": state}
