"""No forgery is accepted: the list of `drill tokens`, tried in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from apps.tenants.context import forget, tenant_context
from apps.tenants.models import Tenant
from tests.forgeries import CONTROL, attempts, ground_make
from tests.sockets import headers, refusal

pytestmark = pytest.mark.usefixtures("sockets_keep_db")


class HereDoor:
    """The program in this process."""

    def ask(
        self, tenant: Tenant, method: str, path: str, *, bearer: str = "", body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        client = Client(headers={"host": f"{tenant.slug}.localhost"}, raise_request_exception=False)
        if bearer:
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {bearer}"
        sent: dict[str, Any] = {"data": body, "content_type": "application/json"} if body else {}
        with tenant_context(tenant):  # which gives the caller's tenant back: a request leaves its own behind
            answer = getattr(client, method.lower())(path, **sent)
        return answer.status_code, answer.json() if answer.content else {}

    def opens(self, tenant: Tenant, address: str) -> bool:
        from orchestrall.asgi import application

        with tenant_context(tenant):
            return not async_to_sync(refusal)(application, address, headers(f"{tenant.slug}.localhost"))

    def settle(self, tenant: Tenant) -> None:
        forget()


def test_every_forgery_is_refused_and_what_it_is_made_of_is_accepted(acme: Tenant, globex: Tenant) -> None:
    tried = list(attempts(ground_make(acme, globex, HereDoor())))
    assert [f"{each.attack}: {each.what}" for each in tried if each.is_wrong] == []
    assert Counter(each.attack for each in tried)[CONTROL] >= 10
    assert len(tried) > 250
