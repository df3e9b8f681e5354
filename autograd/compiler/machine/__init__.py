"""A plan becomes machine code, by way of LLVM."""
