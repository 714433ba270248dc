"""The retail and e-commerce pack: what planners and buyers of shops work with.

Owns the Demand Forecaster, its analytics and demonstration data. It must never import another industry; the forecaster
works on any series, so other industries enable this pack rather than copy it."""
