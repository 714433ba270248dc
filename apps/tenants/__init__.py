"""Tenants: their rows, schemas, hosts, keys, files and socket groups; the way into a tenant and out of it.

Owns `Tenant` and `Domain` in the public schema and is the only app that imports `django_tenants`. It must never know
what a tenant keeps in its schema: who needs to act on a tenant's birth or end listens to `signals`.
"""
