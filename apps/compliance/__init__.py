"""Compliance: the record shown and handed out, what people may ask for of their data, and how long data is kept.

Owns the faces of the audit log (page, API, export), requests to export or erase a person's data, and retention periods
with the record of what they removed. It never removes anything itself: each app declares in its `privacy.py` what it
holds of people and how long, and removes it.
"""
