"""The kinds of work that look for people, and that go by periods."""
