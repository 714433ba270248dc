"""A seventh industry that exists only in tests: what works for it works without the core knowing an industry."""
