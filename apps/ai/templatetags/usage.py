"""Filters for pages of what models cost: `{% load usage %}`."""

from __future__ import annotations

from django import template

from apps.ai.budgets import words

register = template.Library()
register.filter("money", words.money)
