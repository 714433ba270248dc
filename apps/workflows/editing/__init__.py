"""Workflows changed by forms: what one person is changing, kept with every change until it is saved as a draft.

Operations are pure functions on a definition as data, which need not be whole; nothing here runs a workflow.
"""
