"""A run becomes a Program: the tape, and the arrays that a run may look into."""
