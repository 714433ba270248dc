"""The manufacturing pack: what plants and their maintenance and quality engineers work with.

Owns its agents, analytics and demonstration data. It must never import another industry or keep a table of the core."""
