"""How an operator of the installation enters a tenant: by leave of an owner, for a while, as a role that is no owner's.

An operator is a member of the operators' own tenant. Inside another they are a visitor: an account that is made for the
visit, has a session and an end, and is counted nowhere. All of it is recorded in both tenants.
"""
