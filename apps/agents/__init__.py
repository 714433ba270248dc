"""Agents: the contract they are written against, the catalogue of them, and their runs with progress and results.

Owns AgentRun and AgentResult. Knows no agent by name and no industry. An agent proposes and never acts: nothing here
may write outside the tenant's own tables.
"""
