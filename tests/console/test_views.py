"""The base of console pages, the dashboard and the help page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, Issue
from apps.console.cards import CARDS, Card
from apps.console.views import SIGNED_IN, ConsoleView
from tests.console.people import Someone


class Page(ConsoleView):
    permission: ClassVar[dict[str, str]] = {"GET": "members.view", "POST": "members.manage"}

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("read")

    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("written")

    def put(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("never reached: it declares no permission")


def ask(view: type[ConsoleView], person: Someone, method: str = "get", **headers: Any) -> HttpResponse:
    request = getattr(RequestFactory(), method)("/page/", headers={"accept": "application/json", **headers})
    request.user = person
    return view.as_view()(request)  # type: ignore[return-value]


def test_a_page_without_permission_is_refused_when_it_is_routed() -> None:
    class Careless(ConsoleView):
        pass

    with pytest.raises(ImproperlyConfigured, match="Careless declares no permission"):
        Careless.as_view()


def test_each_method_has_its_own_permission() -> None:
    reader = Someone("members.view")
    assert ask(Page, reader).content == b"read"
    assert ask(Page, reader, "head").status_code == 200
    assert ask(Page, reader, "post").status_code == 403
    assert ask(Page, Someone("members.manage"), "post").content == b"written"


def test_a_method_that_declares_no_permission_is_refused() -> None:
    assert ask(Page, Someone("members.view", "members.manage"), "put").status_code == 403


def test_a_method_that_a_page_does_not_have_is_405() -> None:
    class Reader(ConsoleView):
        permission = SIGNED_IN

        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse("read")

    assert ask(Reader, Someone(), "post").status_code == 405


def test_pages_are_kept_by_no_cache() -> None:
    assert {"private", "no-store"} <= set(ask(Page, Someone("members.view"))["Cache-Control"].split(", "))


def test_a_problem_becomes_an_answer_with_its_status_and_words() -> None:
    class Ended(ConsoleView):
        permission = SIGNED_IN

        def get(self, request: HttpRequest) -> HttpResponse:
            raise Conflict("It has ended.", remedy="Run it again.")

    answer = ask(Ended, Someone())
    assert answer.status_code == 409
    assert b"Run it again." in answer.content


def test_an_address_that_needs_a_person_leads_to_sign_in_and_back(client_for: Callable[..., Client]) -> None:
    answer = client_for().get("/help/?a=1")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/help/%3Fa%3D1"


def test_a_partial_request_is_told_where_to_sign_in(client_for: Callable[..., Client]) -> None:
    answer = client_for().get("/help/", headers={"hx-request": "true", "hx-current-url": "http://acme.localhost/help/"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith("/accounts/login/?next=")


def test_a_problem_page_shows_cause_and_remedy(
    monkeypatch: pytest.MonkeyPatch, member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    def refuse(self: Any, request: HttpRequest) -> HttpResponse:
        raise InvalidInput(
            "2 rows cannot be read.", remedy="Mend them.", issues=[Issue(path="rows.3", message="<text>")]
        )

    monkeypatch.setattr("apps.console.views.Help.get", refuse)
    answer = client_for(member()).get("/help/")
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("2 rows cannot be read.", "Mend them.", "rows.3", "&lt;text&gt;", 'aria-label="Main"'):
        assert words in page


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(*cards: Card) -> None:
        monkeypatch.setattr(CARDS, "_items", {card.key: card for card in cards})

    return put


def test_the_dashboard_shows_the_cards_of_ones_role(
    only: Callable[..., None], member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    def context(request: HttpRequest) -> dict[str, Any]:
        return {"label": "Runs"}

    kpi = "console/_empty.html"
    only(
        Card("open", kpi, context, order=1, script="console/live.js"),
        Card("secret", kpi, context, permission="members.manage", width="full"),
        Card("silent", kpi, lambda request: None),
    )
    page = client_for(member("viewer")).get("/").content.decode()
    assert page.count("o-empty-t") == 1
    assert page.count("console/live.js") == 1
    assert client_for(member("owner")).get("/").content.decode().count("o-empty-t") == 2


def test_a_dashboard_with_nothing_to_show_leads_somewhere(
    only: Callable[..., None], member: Callable[..., User], client_for: Callable[..., Client]
) -> None:
    only()
    page = client_for(member()).get("/").content.decode()
    assert "Nothing to show yet" in page
    assert 'class="btn" href="/help/"' in page


def test_messages_become_notices(member: Callable[..., User], client_for: Callable[..., Client]) -> None:
    browser = client_for(member("owner"))
    browser.post("/members/invite/", {"email": "new@example.org", "name": "New", "role": "viewer"})
    page = browser.get("/members/").content.decode()
    assert "data-toast" in page
    assert "new@example.org is invited" in page


def test_the_number_of_statements_of_a_page_is_small(
    member: Callable[..., User], client_for: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    browser = client_for(member())
    browser.get("/help/")
    with django_assert_max_num_queries(6):
        browser.get("/help/")
