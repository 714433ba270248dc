"""The database backend: that of django-tenants, with a memory of the schema that a connection was left in."""
