"""Workflows over the API: one module for each subject."""
