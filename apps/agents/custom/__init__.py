"""Agents that a tenant makes by a form: a prompt, what goes in and what comes out, tools, guardrails and limits.

`contents` is what a version says, `agent` makes an `Agent` of it, `store` finds them in the tenant's tables and
`services` writes them. A run of one is a run like any other.
"""
