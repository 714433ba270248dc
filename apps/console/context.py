"""What every template of the console may ask of the request. Nothing is computed until a template asks."""

from __future__ import annotations

from functools import cached_property
from typing import Any, get_args

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from structlog.contextvars import get_contextvars

from apps.common.demo import PASSWORD
from apps.common.industries import IndustryConfig, industries
from apps.common.permissions import ROLES
from apps.console import navigation, statuses
from apps.console.account_links import AccountLink, links_of
from apps.tenants.permissions import TENANT_RELEASE


class Shell:
    """The frame around a page, for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.tenant = getattr(request, "tenant", None)

    @property
    def industry(self) -> IndustryConfig | None:
        return industries().get(self.tenant.industry) if self.tenant else None

    @property
    def monogram(self) -> str:
        """One or two capitals for the tenant."""
        words = self.tenant.name.split() if self.tenant else []
        return "".join(word[0] for word in words[:2]).upper()

    @cached_property
    def entries(self) -> list[navigation.Entry]:
        return navigation.entries(self._request)

    @property
    def groups(self) -> list[tuple[str, list[navigation.Entry]]]:
        groups = [(group, [each for each in self.entries if each.item.group == group]) for group in _GROUPS]
        return [(group, items) for group, items in groups if items]

    @property
    def tabs(self) -> list[navigation.Entry]:
        return sorted((each for each in self.entries if each.item.tab), key=lambda each: each.item.tab)[:5]

    @property
    def account_links(self) -> list[AccountLink]:
        return links_of(self._request)

    @property
    def role(self) -> str:
        return ROLES[self._request.user.role].title  # type: ignore[union-attr]

    @property
    def may_release(self) -> bool:
        """Whether this person may let the work of a held tenant go on."""
        return bool(self._request.user.can(TENANT_RELEASE))  # type: ignore[union-attr]

    @property
    def statuses(self) -> dict[str, Any]:
        return statuses.as_json()

    @property
    def request_id(self) -> str:
        return request_id()

    @property
    def demo_password(self) -> str:
        return PASSWORD

    @property
    def demo_accounts(self) -> list[dict[str, str]]:
        """Who may be tried out here: only on a demo installation, and only in a tenant that was seeded for it."""
        if not (settings.ORCHESTRALL_DEMO and self.tenant and (self.tenant.is_demo or _is_operators(self.tenant))):
            return []
        order = list(ROLES)
        people = get_user_model()._default_manager.filter(
            email__endswith=f"@{self.tenant.slug}.example", is_active=True
        )
        accounts = [
            {"name": str(each), "email": each.email, "role": each.role, "title": ROLES[each.role].title}
            for each in people
        ]
        return sorted(accounts, key=lambda each: (order.index(each["role"]), each["email"]))[:14]


_GROUPS = get_args(navigation.Group)


def _is_operators(tenant: Any) -> bool:
    return bool(tenant.schema_name == settings.OPERATORS_SCHEMA)


def request_id() -> str:
    """The id under which the logs know this request; empty outside one."""
    return str(get_contextvars().get("request_id", ""))


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
