"""The faces of the audit log: pages, API, exports."""
