"""Console pages of workflows: one module per subject."""
