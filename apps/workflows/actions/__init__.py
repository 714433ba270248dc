"""Kinds of actions on workflows."""
