"""What the menu of one's own account offers besides what the console knows: apps register theirs in `navigation`."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from apps.common.registry import Registry


@dataclass(frozen=True)
class AccountLink:
    key: str
    title: str
    view: str
    """Name of the page, as `reverse` takes it."""
    icon: str
    permission: str
    """Who lacks it is not offered it."""

    @property
    def url(self) -> str:
        return reverse(self.view)


ACCOUNT_LINKS: Registry[AccountLink] = Registry("Link of the account menu")


def account_link(link: AccountLink) -> None:
    ACCOUNT_LINKS.register(link.key, link)


def links_of(request: HttpRequest) -> list[AccountLink]:
    """Those that this person may follow, in the order of their titles."""
    allowed = [link for link in ACCOUNT_LINKS if request.user.can(link.permission)]  # type: ignore[union-attr]
    return sorted(allowed, key=lambda link: link.title)
