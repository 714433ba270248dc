"""Kinds of steps for tests."""
