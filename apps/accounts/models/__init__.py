"""Who has a role in one tenant, and how they come in."""

from apps.accounts.models.users import User, UserManager

__all__ = ["User", "UserManager"]
