"""The healthcare pack: what hospitals, clinics and laboratories work with.

Owns its agents, analytics and demonstration data. It must never import another industry, nor hold a real patient's data
in its demonstration."""
