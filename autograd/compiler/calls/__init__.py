"""What a person calls: `jit` and `vmap`, their variants, and how a call is answered."""
