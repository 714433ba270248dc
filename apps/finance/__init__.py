"""The financial services pack: what banks, payment firms and traders work with.

Owns its agents, analytics and demonstration data. It must never import another industry or keep a table of the core."""
