"""Kinds of actions on agents."""
