"""Which host shows what: a tenant's host, the operators' host; `public` has neither host nor page."""
