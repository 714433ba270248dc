"""Questions to a table that a model may ask: rows by filter and order, and figures by group. Bounded, and data alone:
no expression of anybody's is evaluated."""
