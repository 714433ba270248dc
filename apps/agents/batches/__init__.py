"""Batches: an agent on each row of a file, or on each group of its rows. Each is a run like any other."""
