"""The arithmetic of quality control: pure functions over arrays, no Django and no agent."""
