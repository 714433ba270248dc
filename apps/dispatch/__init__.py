"""Dispatch: what needs attention next, for all tenants, in one index; leases, fences, deaths, fairness, the tick.

Owns the work rows in the public schema, and is the only app that talks to Celery. A row holds identifiers, never a
tenant's data. It must never know what a kind of work does: kinds are declared in `apps.common.work`.
The protocol, rule by rule, is `docs/guides/engine.md`.
"""
