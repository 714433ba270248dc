"""The gateway: who calls the API, what they may do, how errors and pages look, and the document that says so.

Owns API keys, tokens, tickets, the problem catalogue, pagination, OpenAPI, probes, request logs and the door for
sockets. It must never know what another app's objects are: those bring their own views on its base classes.
"""
