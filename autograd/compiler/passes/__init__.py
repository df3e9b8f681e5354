"""Programs become shorter, or simpler, and mean the same."""
