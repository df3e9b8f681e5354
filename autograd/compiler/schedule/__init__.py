"""What of a program repeats (groups), and where its numbers lie (layout): a plan.

Nothing here knows LLVM; how many lanes the machine has is handed in.
"""
