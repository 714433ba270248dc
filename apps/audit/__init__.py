"""Audit: who did what, when and to what, in a log that shows every alteration.

Owns entries, their payloads, and per tenant a Merkle log over them (RFC 6962) with signed checkpoints outside the
database. An entry is written in the transaction of the change that it tells of, and never changed; what a payload says
of people can be shredded, and the log still verifies. It never decides what is allowed, and knows no app below it:
each app declares its kinds of entries in its `auditing.py`. Its pages and its API are those of `compliance`.
"""
