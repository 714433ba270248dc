"""Evaluations: an agent held against cases with expected facts, before its settings or its version change.

A case is data (`cases.Case`): an input and facts of what the agent should make of it. The product ships cases in
`tests/evals/<industry>/<agent>.yaml`, and a tenant keeps its own. `judging` needs neither tenant nor database.
"""
