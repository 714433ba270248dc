"""What tests do to the session of a browser."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.console.stepup import KEY


def session_change(browser: Client, **facts: Any) -> None:
    """Change what the browser's session knows of when it began, when it was proved and when it was seen."""
    session = browser.session
    session[KEY] = {**session[KEY], **facts}
    session.save()


def long_ago(browser: Client) -> None:
    """The member proved who they are too long ago for what is sensitive."""
    session_change(browser, proved=0)
