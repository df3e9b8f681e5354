"""A schedule becomes machine code, by way of LLVM."""
