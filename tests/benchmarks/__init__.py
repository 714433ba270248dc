"""Speed and decision quality, measured: `python3 run.py bench`. See `tests.measuring`."""
