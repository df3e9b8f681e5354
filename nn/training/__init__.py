"""Training: batch after batch, each computed the way that is fastest and right.

A walk through it, in the order in which a call of `nn.fit` goes:

- `nn.training.fit` checks what it was given, and goes through the epochs;
- `nn.training.data` makes rows and targets plain lists, and finds what is no number;
- `nn.training.path` decides which path is taken, eager or compiled, and says why;
- `nn.training.trainer` takes the steps, and goes back from one that failed;
- `nn.training.batches` computes a batch by machine code, and `nn.training.flat` an
  epoch of them on arrays: both are imported when something is compiled, not before;
- `nn.training.fingerprint` tells whether the model is another than was compiled;
- `nn.training.view` shows what training did.
"""
