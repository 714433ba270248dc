"""People of a tenant: users with a role, sign-in, password reset, members; and the accounts of programs.

Owns the user model, which exists only in tenants: no identity is shared between two of them, and everything signed
for a user is bound to the schema. It must never look a user up outside a tenant.
"""
