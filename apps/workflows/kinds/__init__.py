"""The kinds of steps, a module each. An industry or an app adds one by a class of its own."""
