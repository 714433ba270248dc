"""The audit log in the console: who did what, as filtered, and one entry with all that is known of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.actors import SYSTEM, Actor
from apps.audit.models import AuditEntry
from apps.compliance.audit import selectors
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.compliance.ground import role_set, shred

Make = Callable[..., User]


@pytest.fixture
def browser(ada: User, client_for: Callable[..., Client]) -> Client:
    return client_for(ada)


def page(browser: Client, **query: str) -> str:
    answer = browser.get("/audit/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def trail(html: str) -> str:
    """The list of entries, without the form above it."""
    return html.partition('class="o-trail"')[2].partition("</ol>")[0]


def test_an_entry_is_told_in_a_sentence_with_its_circumstances(browser: Client, ada: User, grace: User) -> None:
    id = role_set(ada, grace)
    html = trail(page(browser))
    assert (
        "<b>Ada Lovelace</b> gave <b>Grace Hopper</b> the role <b>administrator</b> in place of <b>viewer</b>" in html
    )
    for said in ("Role changed", "Console", "192.0.2.7", f"/audit/{id}/", ">AL<"):
        assert said in html, said


def test_an_empty_log_says_what_it_is_for(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "entries_page", lambda **_: selectors.EntryPage([], None))
    html = page(browser)
    assert "Nothing is recorded yet" in html
    assert "o-trail" not in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "role CHANGED"}, True), ({"q": "accounts.role"}, True), ({"q": "sign-in"}, False),
        ({"q": "4bf92f3577b34da6a3ce929d0e0e4736"}, True), ({"q": "Grace"}, False),
        ({"category": "access"}, True), ({"category": "data"}, False), ({"category": "nonsense"}, True),
        ({"kind": "accounts.role_set"}, True), ({"kind": "accounts.other"}, False),
        ({"actor": "person"}, True), ({"actor": "system"}, False),
        ({"outcome": "done"}, True), ({"outcome": "refused"}, False),
        ({"via": "console"}, True), ({"via": "key"}, False), ({"via": "run"}, False),
        ({"subject_kind": "accounts.user"}, True), ({"subject_kind": "workflows.workflow"}, False),
        ({"since": "2000-01-01", "until": "8999-01-01"}, True), ({"since": "8999-01-01"}, False),
        ({"until": "2020-02-02"}, False), ({"since": "yesterday", "until": "2020-02-31"}, True),
    ],
)  # fmt: skip
def test_the_query_string_narrows(browser: Client, ada: User, grace: User, query: dict[str, str], found: bool) -> None:
    role_set(ada, grace)
    html = page(browser, **query)
    assert ("o-trail" in html) is found
    assert ("No entry matches" in html) is not found


def test_entries_are_found_by_who_and_by_what_they_are_about(browser: Client, ada: User, grace: User) -> None:
    role_set(ada, grace)
    role_set(SYSTEM, ada, now="auditor")
    assert "Grace Hopper" in trail(page(browser, actor=str(ada.pk)))
    assert "auditor" not in trail(page(browser, actor=str(ada.pk)))
    about = page(browser, subject_kind="accounts.user", subject=str(ada.pk))
    assert "The platform" in trail(about)
    assert "About Ada Lovelace" in about
    assert "Grace Hopper" not in trail(about)
    assert "auditor" in trail(page(browser, q=str(ada.pk)))


def test_today_is_in_the_days_that_are_asked_for(browser: Client, ada: User, grace: User) -> None:
    role_set(ada, grace)
    today = timezone.now().date().isoformat()
    assert "o-trail" in page(browser, since=today, until=today)


def test_a_span_is_of_the_time_of_the_entry(browser: Client, ada: User, grace: User) -> None:
    id = role_set(ada, grace)
    at = AuditEntry.objects.get(pk=id).at
    assert "o-trail" not in page(browser, since=(at + timedelta(days=1)).date().isoformat())
    assert "o-trail" not in page(browser, until=(at - timedelta(days=1)).date().isoformat())


def test_pages_follow_each_other_without_a_gap(
    browser: Client, ada: User, grace: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "PAGE", 2)
    ids = [str(role_set(ada, grace)) for _ in range(5)]
    seen, address = [], "/audit/?category=access"
    while address:
        html = browser.get(address).content.decode()
        seen += [id for id in reversed(ids) if f"/audit/{id}/" in html]
        older = html.partition('o-older" href="')[2].partition('"')[0].replace("&amp;", "&")
        address = f"/audit/{older}" if older else ""
        assert not older or "category=access" in older
    assert seen == list(reversed(ids))


def cost(browser: Client, address: str) -> tuple[int, int]:
    """How many statements a page takes: of the log, and in all."""
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(address).status_code == 200
    return len([each for each in seen if "audit_" in each["sql"]]), len(seen)


def test_a_page_costs_the_same_however_much_there_is(browser: Client, ada: User, grace: User) -> None:
    role_set(ada, grace)
    cost(browser, "/audit/")  # what a process keeps
    for number in range(20):
        role_set(ada if number % 2 else SYSTEM, grace)
    of_log, in_all = cost(browser, "/audit/")
    assert of_log == 2
    assert in_all <= 12


def test_what_was_erased_is_told_so_and_nothing_of_it_is_shown(browser: Client, ada: User, grace: User) -> None:
    id = role_set(ada, grace)
    shred(id)
    html = trail(page(browser))
    assert "<b>(erased)</b> gave <b>(erased)</b> the role <b>administrator</b>" in html
    assert "192.0.2.7" not in html
    html = browser.get(f"/audit/{id}/").content.decode()
    assert "What this entry said of people was erased" in html
    assert "request P-7" in html
    assert "Grace Hopper" not in html.partition('id="changes-h"')[2].partition("o-audit-s")[0]


def test_a_payload_that_was_altered_is_told_and_breaks_no_page(browser: Client, ada: User, grace: User) -> None:
    one, other = role_set(ada, grace), role_set(ada, grace, now="owner")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("alter table audit_payload disable trigger all")
        moved = "update audit_payload set facts = (select facts from audit_payload where entry_id = %s) "
        cursor.execute(moved + "where entry_id = %s", [one, other])
        cursor.execute("alter table audit_payload enable trigger all")
    assert "Altered" in trail(page(browser))
    html = browser.get(f"/audit/{other}/").content.decode()
    assert "What this entry says was altered" in html


def test_an_entry_has_a_page_with_before_and_after_and_what_was_around_it(
    browser: Client, ada: User, grace: User
) -> None:
    id = role_set(ada, grace, outcome="refused")
    html = browser.get(f"/audit/{id}/").content.decode()
    for said in (
        "Refused", "<del>viewer</del>", "<ins>administrator</ins>", "as asked", "ada@example.org", "192.0.2.7",
        "Firefox/140", "4bf92f3577b34da6a3ce929d0e0e4736", str(grace.pk), str(id),
    ):  # fmt: skip
        assert said in html, said


def test_beside_an_entry_are_those_next_to_it(browser: Client, ada: User, grace: User) -> None:
    ids = [role_set(ada, grace) for _ in range(9)]
    other = role_set(SYSTEM, ada)
    html = browser.get(f"/audit/{ids[4]}/").content.decode()
    near = {str(id) for id in (*ids[1:4], *ids[5:8])}
    assert {id for id in map(str, (*ids, other)) if f'href="/audit/{id}/"' in html} == near


def test_a_page_of_an_entry_costs_the_same_however_much_is_near_it(
    browser: Client, ada: User, grace: User, seal: Callable[[], None]
) -> None:
    id = role_set(ada, grace)
    seal()
    cost(browser, f"/audit/{id}/")  # what a process keeps
    for _ in range(10):
        role_set(ada, grace)
    of_log, in_all = cost(browser, f"/audit/{id}/")
    assert of_log == 7
    assert in_all <= 16


@pytest.mark.parametrize(
    ("role", "status"),
    [("owner", 200), ("administrator", 200), ("auditor", 200), ("builder", 403), ("analyst", 403), ("viewer", 403)],
)
def test_who_may_see_the_log(
    member: Make, client_for: Callable[..., Client], grace: User, role: str, status: int
) -> None:
    id = role_set(SYSTEM, grace)
    browser = client_for(member(role))
    assert browser.get("/audit/").status_code == status
    assert browser.get(f"/audit/{id}/").status_code == status
    assert ("/audit/" in browser.get("/help/").content.decode()) is (status == 200)


def test_an_entry_of_another_tenant_is_not_found(browser: Client, globex: Tenant, grace: User) -> None:
    with tenant_context(globex):
        theirs = role_set(Actor("person", None, "Mallory"), grace)
    assert browser.get(f"/audit/{theirs}/").status_code == 404
    assert "Mallory" not in page(browser)
    assert browser.get(f"/audit/{uuid4()}/").status_code == 404


def test_reading_the_log_leaves_no_entry(browser: Client, ada: User, grace: User) -> None:
    id = role_set(ada, grace)
    before = AuditEntry.objects.count()
    page(browser, q="role")
    browser.get(f"/audit/{id}/")
    assert AuditEntry.objects.count() == before


def test_a_page_that_is_none_is_not_found(browser: Client) -> None:
    assert browser.get("/audit/?before=never").status_code == 404
