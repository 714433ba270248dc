"""The composition root: settings, urls, entry points. No logic lives here and nothing in `apps` imports it.

Importing the package loads nothing: `start`, `supervision` and `embedded` work before there is a virtual environment.
"""
