"""What became of each call of a model: what it was for, what it took, and what was sent and answered, masked."""
