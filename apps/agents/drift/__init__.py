"""The drift watch: whether an agent decides as it did, told from its verdicts, its scores, and overrides of people.

`detection` is pure statistics; `watching` reads decisions, keeps what was found, and has people asked while it drifts.
"""
