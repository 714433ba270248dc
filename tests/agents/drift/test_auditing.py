from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.audit.models import AuditEntry

API = "/api/v1/agents/dummy.decider/watch"
PAGE = "/agents/dummy.decider/drift/"


@pytest.mark.usefixtures("board")
def test_a_watch_is_recorded_from_its_beginning_to_its_end(builder: User, client_for: Callable[..., Client]) -> None:
    browser = client_for(builder)
    for form in ("console", "api"):
        if form == "api":
            assert browser.put(API, {"falls_back": True}, content_type="application/json").status_code == 200
            assert browser.delete(API).status_code == 204
        else:
            assert browser.post(PAGE, {"falls_back": "true"}).status_code == 302
            assert browser.post(f"{PAGE}end/").status_code == 302
    entries = AuditEntry.objects.order_by("id").values_list("kind", "actor_id")
    assert list(entries) == [("agents.watched", builder.pk), ("agents.unwatched", builder.pk)] * 2
