"""SCIM 2.0 (RFC 7643, 7644): a directory sends the people of the organisation and their groups.

It comes with a token of its own, which opens /scim/v2/ and nothing else. It makes members, changes and deactivates
them, and by the groups that are mapped it says what role they have. It never touches an owner, nor a member whom a
person here has taken over, and it goes by the rules of `apps.accounts.services`: the quota, the locks, the records.
"""
