"""The technology pack: what software houses and their operations work with.

Owns its agents, analytics and demonstration data. It must never import another industry or keep a table of the core."""
