"""Kinds of model providers, a file for each."""
