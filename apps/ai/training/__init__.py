"""Models that a tenant trains on its own data: trained, judged, compared, promoted and rolled back."""
