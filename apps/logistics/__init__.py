"""The logistics and transportation pack: what carriers, dispatchers and warehouses work with.

Owns its agents, analytics and demonstration data. It must never import another industry or keep a table of the core."""
