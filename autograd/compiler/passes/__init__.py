"""Programs become shorter, or fit for a machine, and mean the same."""
