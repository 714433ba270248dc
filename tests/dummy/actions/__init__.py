"""Kinds of actions for tests."""
