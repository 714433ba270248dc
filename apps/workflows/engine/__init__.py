"""The engine: what is to be done next, by a version and by what is kept of a run. Pure: no database, no clock."""
