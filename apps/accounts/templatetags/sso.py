"""Buttons of single sign-on."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import get_next_redirect_url
from django import template

from apps.accounts.sso import selectors

register = template.Library()


@register.inclusion_tag("accounts/sso/_buttons.html", takes_context=True)
def sso_buttons(context: dict[str, Any]) -> dict[str, Any]:
    """A button for each provider that people may sign in with."""
    return {"connections": selectors.buttons(), "next": get_next_redirect_url(context["request"]) or ""}
