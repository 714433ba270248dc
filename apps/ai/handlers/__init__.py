"""Kinds of work, a file for each part."""
