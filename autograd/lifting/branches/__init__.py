"""Branches as data: what `jit`, `vmap` and `trace` make of a function's ``if``s.

A recording sees one way through a function's comparisons. Read from its source, both
sides of a branch can often be run, and a node chooses. The way through this package:

- `purity` tells which statements have no effect but on variables, `variables` what of
  these is read, `flow` makes flags of early exits, and `statements` rewrites a
  function, its conditions by `asking`, and its branches by `writing`;
- `turns` tells how often a loop turns whose end is data;
- `recorded` is what happens at a call, `operations` at an operator;
- `conditions` are comparisons as data; `sides` runs what may not be chosen, so that it
  raises nowhere else than in Python; `running` is an ``if``, and `merging` what its
  sides leave.

Nothing is merged that was not run on both sides of that very branch. Where a side may
have an effect, or asks how a comparison turns out, all is as it was: a guard.
"""
