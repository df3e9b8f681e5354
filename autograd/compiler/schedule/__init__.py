"""What of a program repeats, and where each of its numbers lies."""
