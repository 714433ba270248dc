"""Faults and attacks, played against the running product: `python3 run.py drill`. See `tests.measuring`."""
