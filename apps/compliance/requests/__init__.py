"""Requests to export or erase what is kept of a person, and holds against it."""
