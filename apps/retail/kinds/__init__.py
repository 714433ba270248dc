"""What retail brings to registries of the core, a file for each."""
