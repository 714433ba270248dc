"""What is known of drugs, as data: one file per kind, each rule with its source. `analytics/knowledge.py` reads it."""
