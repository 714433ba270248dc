"""Kinds of actions on data."""
