"""How long what is kept, and the daily work that goes by it."""
