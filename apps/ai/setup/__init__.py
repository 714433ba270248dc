"""How a tenant sets models up: providers and their models, which of them are asked for whom, and what holds for all."""
