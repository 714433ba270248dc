"""The financial services pack: what banks, payment firms and traders work with.

Owns its agents, analytics and demonstration data. It must never import another industry, nor keep tables of the core."""
