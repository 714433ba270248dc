"""Kinds of model providers."""
