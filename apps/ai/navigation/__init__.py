"""What the shell shows of models, a file for each part."""
