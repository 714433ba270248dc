"""What the console's shell shows of workflows: one module per subject."""
