"""A definition tried with a sample, step by step, without effects outside."""
