"""What of a program repeats or stands side by side, and where its numbers lie.

In straight code that is its groups and its layout: a plan. In programs with loops it is
the packs of each body, and its places. Nothing here knows LLVM; how many lanes the
machine has, and what it takes for a primitive, is handed in.
"""
