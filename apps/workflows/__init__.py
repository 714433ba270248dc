"""Workflows: definitions, their versions, and the engine that runs them. Knows no industry, and no agent by name."""
