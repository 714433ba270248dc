"""What whoever runs the installation does: prepare it, seed the demonstration.

Owns no table. It must never be needed by an app above it.
"""
