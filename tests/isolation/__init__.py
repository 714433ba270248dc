"""One tenant never reaches another: every way in, times every attack.

`operations` reads the ways in from the product (routes, sockets, kinds of work), `ground` makes two tenants whose
primary keys are equal, `attacks` says what an attacker tries and what must come of it. The tests here try it without a
network, `drill isolation` against a running installation. A way in that nobody has spoken of in `said` fails the tests:
whoever adds one says there, in the module of its app, what its parameters name.
"""
