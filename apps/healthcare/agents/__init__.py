"""The agents of healthcare."""
