"""The applications of the product, low to high: an app imports only what stands above it (see docs/decisions/0002)."""
