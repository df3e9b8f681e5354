"""A run of scalar code becomes a Program."""
