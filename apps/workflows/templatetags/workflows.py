"""Template helpers about workflows."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_NAMED = re.compile(r"`([^`]+)`")


@register.filter
def named(sentence: str) -> SafeString:
    """A sentence in which names stand between backticks, with these set as code."""
    return mark_safe(_NAMED.sub(r"<code>\1</code>", escape(sentence)))  # noqa: S308  # escaped before
