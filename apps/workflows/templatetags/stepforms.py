"""Template helpers of the form of a step: `{% load stepforms %}`."""

from __future__ import annotations

from django import template

from apps.workflows.stepforms.posts import act_text

register = template.Library()


@register.simple_tag
def act(verb: str, path: str, argument: object = "-") -> str:
    """The value of a button that changes a form."""
    return act_text(verb, path, argument)


@register.filter
def article(noun: str) -> str:
    """A noun with its article: ``a case``, ``an item``."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
