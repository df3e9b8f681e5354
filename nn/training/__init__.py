"""Training: batch after batch, each computed the way that is fastest and right.

A walk through it, in the order in which a call of `nn.fit` goes:

- `nn.training.fit` is what is called; `nn.training.job` looks through what it was
  given, and `nn.training.data` makes rows and targets plain lists of numbers;
- `nn.training.path` decides which path is taken, eager or compiled, and says why;
- `nn.training.run` goes through the epochs, into a `nn.training.history`, and leaves
  in a file what a next run goes on from;
- `nn.training.trainer` takes the steps, and goes back from one that failed;
- `nn.training.dense` computes a batch as matrix products, `nn.training.batches` by
  machine code, both of losses by their rows (`nn.training.by_row`), and
  `nn.training.flat` keeps an epoch's numbers in arrays: they are imported when
  something is compiled, not before;
- `nn.training.fingerprint` tells whether the model is another than was compiled;
- `nn.training.predict` asks a trained model for many rows at once;
- `nn.training.view` shows what training did.
"""
