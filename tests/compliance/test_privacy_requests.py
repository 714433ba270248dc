"""A person is found wherever they are, exported, and erased without a trace; others' data stays as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.auditing import ROLE_SET
from apps.accounts.models import User
from apps.accounts.privacy import NOBODYS_HOST
from apps.agents.models import AgentRun
from apps.audit.documents import digest_of
from apps.audit.models import AuditEntry, AuditPayload
from apps.audit.services import Record, record_many
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, PermissionDenied
from apps.common.identifiers import ERASED
from apps.common.privacy import Erased, Ineffaceable, Person
from apps.common.work import Claim
from apps.compliance.models import PrivacyFind, PrivacyRequest
from apps.compliance.privacy import Files
from apps.compliance.requests import holds, services, working
from apps.compliance.requests.problems import Held
from apps.tenants.storage import file_open
from tests.audit.conftest import past_the_guards
from tests.compliance.privacy_ground import ANA, EMAIL, NAME, NUMBER, names_left, others, plant
from tests.dummy.privacy import DummyNotes

Make = Callable[..., User]


class Row:
    """A work row in hand, that remembers what became of it."""

    def __init__(self) -> None:
        self.finished = False
        self.due: Any = None

    def finish(self) -> None:
        self.finished = True

    def postpone(self, due_at: Any) -> None:
        self.due = due_at


class Hand:
    """A worker that holds every row, and is told to leave after some batches."""

    def __init__(self) -> None:
        self.row, self.batches, self.most = Row(), 0, 10_000

    @contextmanager
    def fenced(self, claim: Claim) -> Iterator[Row]:
        self.batches += 1
        yield self.row

    def stopping(self, claim: Claim) -> bool:
        return self.batches >= self.most

    def go(self, request: PrivacyRequest, *, most: int = 10_000) -> PrivacyRequest:
        """Work at a request until it rests, or for so many batches."""
        self.row, self.batches, self.most = Row(), 0, most
        working.request_perform(Claim(services.KIND, request.pk, "t_acme", 1, 0, 0))
        return PrivacyRequest.objects.get(pk=request.pk)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    mine = Hand()
    monkeypatch.setattr(work, "fenced", mine.fenced)
    monkeypatch.setattr(work, "stopping", mine.stopping)
    return mine


@pytest.fixture
def ana(member: Make) -> User:
    return member(name=NAME, email=EMAIL)


@pytest.fixture
def admin(member: Make, ana: User) -> User:
    return member("administrator")


Begin = Callable[..., PrivacyRequest]


@pytest.fixture
def begin(admin: User, ana: User) -> Begin:
    def make(kind: str = "erase", **fields: Any) -> PrivacyRequest:
        said = {"member": ana.pk, "identifiers": [NUMBER], "reason": f"{NAME} wrote a letter", **fields}
        return services.request_create(who=admin, user=admin, kind=kind, **said)

    return make


def confirm(request: PrivacyRequest, admin: User) -> PrivacyRequest:
    return services.request_confirm(who=admin, user=admin, request=request, typed=request.ref.lower())


def test_a_person_is_found_everywhere_and_erased_from_everywhere_and_others_are_as_they_were(
    hand: Hand, begin: Begin, ana: User, admin: User
) -> None:
    planted, before = plant(ana, times=2), others()
    request = hand.go(begin())
    assert request.status == "found"
    assert hand.row.finished
    found = {find.kind for find in request.finds.all()}
    assert request.finds.count() == planted, request.progress
    assert {"audit.entry", "datasets.dataset", "agents.decision", "workflows.approval", "ai.call"} <= found
    assert names_left(Person(ANA))

    request = hand.go(confirm(request, admin))
    assert request.status == "done", request.problem
    assert names_left(Person(ANA)) == []
    assert others() == before
    assert request.subject is None
    assert request.reason == f"{ERASED} wrote a letter"
    assert sum(counts.get("erased", 0) for counts in request.progress.values()) == planted
    assert not request.finds.filter(erased_at=None).exists()
    assert all(find.content is None for find in request.finds.all())
    ana.refresh_from_db()
    assert (ana.is_active, ana.has_usable_password()) == (False, False)
    assert ana.email.endswith(f"@{NOBODYS_HOST}")
    assert ana.name.startswith("Former member")
    assert AgentRun.objects.filter(created_by=ana).exists()


def test_what_the_audit_log_commits_to_stays_when_a_person_is_erased(
    hand: Hand, begin: Begin, ana: User, admin: User
) -> None:
    plant(ana, times=1)
    (shredded,) = AuditEntry.objects.filter(actor_id=ana.pk).values("id", "personal_digest", "facts_digest")
    request = hand.go(confirm(hand.go(begin()), admin))
    entry, payload = AuditEntry.objects.get(pk=shredded["id"]), AuditPayload.objects.get(pk=shredded["id"])
    assert (payload.personal, payload.shredded_for) == (None, request.ref)
    assert payload.shredded_at is not None
    assert bytes(entry.personal_digest) == bytes(shredded["personal_digest"])
    assert digest_of(payload.facts) == bytes(entry.facts_digest)
    said = AuditEntry.objects.filter(subject_id=str(request.pk)).values_list("kind", flat=True)
    assert {kind.removeprefix("compliance.privacy_") for kind in said} == {"requested", "confirmed", "erased"}


def test_a_worker_that_is_killed_anywhere_leaves_nothing_undone_and_nothing_done_twice(
    hand: Hand, begin: Begin, ana: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "LOOKED_AT_ONCE", 3)
    monkeypatch.setattr(working, "ERASED_AT_ONCE", 4)
    planted = plant(ana, times=1)
    request, turns = begin(), 0
    while request.is_at_work:
        request, turns = hand.go(request, most=2), turns + 1
    assert request.finds.count() == planted
    request = confirm(request, admin)
    while request.is_at_work:
        request, turns = hand.go(request, most=2), turns + 1
    assert turns > 20
    assert request.status == "done"
    assert names_left(Person(ANA)) == []
    assert sum(counts.get("erased", 0) for counts in request.progress.values()) == planted


def test_an_export_holds_what_was_found_and_is_handed_out_with_a_record(
    hand: Hand, begin: Begin, ana: User, admin: User
) -> None:
    plant(ana, times=1)
    request = hand.go(begin("export"))
    assert (request.status, request.has_file) == ("done", True)
    assert hand.row.due == request.file_until
    with services.file_download(who=admin, request=request) as file, ZipFile(file) as archive:
        index = json.loads(archive.read("index.json"))
        page = archive.read("index.html").decode()
        runs = json.loads(archive.read("data/agents.run.json"))
        decisions = json.loads(archive.read("data/agents.decision.json"))
        whole = "".join(archive.read(name).decode() for name in archive.namelist())
    assert index["records"]["accounts.member"] == index["records"]["datasets.dataset"] == 1
    assert "Bo Lindqvist" not in whole
    assert NAME in page
    assert runs[0]["says"][0] == {"where": "input", "says": {"customer": NUMBER, "sum": 0}}
    assert decisions[0]["says"][1]["says"] == {"text": f"{NAME} pays"}
    assert PrivacyRequest.objects.get(pk=request.pk).downloads == 1
    assert AuditEntry.objects.filter(kind="compliance.privacy_downloaded", subject_id=str(request.pk)).exists()
    assert all(find.content is None for find in request.finds.all())


def test_the_file_of_an_export_goes_with_its_time(hand: Hand, begin: Begin, admin: User) -> None:
    request = hand.go(begin("export"))
    path = services.file_path(request)
    assert path.exists()
    PrivacyRequest.objects.filter(pk=request.pk).update(file_until=timezone.now())
    request = hand.go(request)
    assert (request.has_file, path.exists(), hand.row.finished) == (False, False, True)
    with pytest.raises(Exception, match="has no file"):
        services.file_download(who=admin, request=request)


def test_the_files_and_the_requests_of_before_go_when_the_person_is_erased(
    hand: Hand, begin: Begin, admin: User
) -> None:
    former = hand.go(begin("export"))
    request = hand.go(confirm(hand.go(begin()), admin))
    assert request.status == "done"
    assert not services.file_path(former).exists()
    assert names_left(Person(ANA)) == []


def test_an_entry_that_was_altered_stops_no_request_and_is_told(
    hand: Hand, begin: Begin, ana: User, admin: User, member: Make, client_for: Callable[..., Any]
) -> None:
    plant(ana, times=1)
    with transaction.atomic():
        record_many([Record(ROLE_SET, who=admin, before={"role": "x"}, after={"role": "y"}) for _ in range(2)])
    with past_the_guards() as cursor:  # of hers, who it was; of another's, what was done
        cursor.execute(
            "update audit_payload set personal = set_byte(personal, 8, get_byte(personal, 8) # 1) from audit_entry e "
            "where e.id = entry_id and e.actor_id = %s",
            [ana.pk],
        )
        cursor.execute(
            "update audit_payload set facts = set_byte(facts, 8, get_byte(facts, 8) # 1) "
            "where entry_id = (select id from audit_entry where actor_id = %s order by id desc limit 1)",
            [admin.pk],
        )
    copy = hand.go(begin("export"))
    assert copy.status == "done", copy.problem
    with file_open(services.file_path(copy)) as file, ZipFile(file) as archive:
        assert json.loads(archive.read("index.json"))["does_not_open"] == {"audit.entry": 2}
        assert "does not open" in archive.read("data/audit.entry.json").decode()
        assert "2 of audit.entry" in archive.read("index.html").decode()

    request = hand.go(begin())
    page = client_for(admin).get(f"/privacy/requests/{request.pk}/").content.decode()
    assert "2 altered in the database: they do not open" in page
    request = hand.go(confirm(request, admin))
    assert request.status == "done", request.problem
    assert request.progress["audit.entry"]["broken"] == 1  # hers is shredded; the other's stays as evidence
    (hers,) = AuditPayload.objects.filter(entry__actor_id=ana.pk)
    assert (hers.personal, hers.shredded_for) == (None, request.ref)


def test_a_name_at_the_beginning_of_a_line_is_found_in_the_file_of_another(
    hand: Hand, begin: Begin, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DummyNotes, "notes", {"one": f"Of the customer:\n{NAME}"})
    former = hand.go(begin("export"))
    assert Files().find(Person((NAME,)), mark=None, limit=1, to_erase=True).items[0].row == str(former.pk)


def test_what_is_in_use_is_tried_again_later(hand: Hand, begin: Begin, ana: User, admin: User) -> None:
    run = AgentRun.objects.create(
        agent_key="dummy.idle", agent_version="1", origin="api", input={"customer": NUMBER}, status="running"
    )
    request = hand.go(confirm(hand.go(begin()), admin))
    assert request.status == "erasing"
    assert hand.row.due is not None
    assert request.progress["agents.run"]["kept"] == 1
    AgentRun.objects.filter(pk=run.pk).update(status="failed")
    request = hand.go(request)
    assert request.status == "done"
    assert names_left(Person(ANA)) == []


def test_who_is_written_about_again_and_again_is_no_success(
    hand: Hand, begin: Begin, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DummyNotes, "notes", {"one": NUMBER})
    monkeypatch.setattr(DummyNotes, "erase", lambda *_, **__: Erased())  # somebody writes it anew at once
    request = hand.go(confirm(hand.go(begin()), admin))
    assert request.status == "failed"
    assert request.problem["code"] == "privacy_incomplete"


def test_a_hold_keeps_a_person_and_everything(hand: Hand, begin: Begin, ana: User, admin: User) -> None:
    said: dict[str, Any] = {"title": "Matter 7", "reason": "A court asked.", "who": admin, "user": admin}
    hold = holds.hold_set(**said, member=None, identifiers=[NUMBER], everything=False)
    with pytest.raises(Held, match="Matter 7"):
        begin()
    begin("export")
    holds.hold_release(who=admin, user=admin, hold=hold)
    request = hand.go(begin())
    hold = holds.hold_set(**said, member=None, identifiers=[], everything=True)
    with pytest.raises(Held):
        confirm(request, admin)
    holds.hold_release(who=admin, user=admin, hold=hold)
    request = confirm(request, admin)
    holds.hold_set(**said, member=ana.pk, identifiers=[], everything=False)
    request = hand.go(request)
    assert (request.status, request.problem["code"]) == ("failed", "legal_hold")
    assert names_left(Person((EMAIL,)))


def test_an_active_owner_hands_over_first(begin: Begin, member: Make) -> None:
    owner = member("owner")
    with pytest.raises(Ineffaceable, match="active owner"):
        begin(member=owner.pk)
    begin("export", member=owner.pk)


def test_nobody_erases_themselves(begin: Begin, admin: User) -> None:
    with pytest.raises(Conflict, match="cannot erase yourself"):
        begin(member=None, identifiers=[admin.email.upper()])


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"member": None, "identifiers": []}, "identifiers"),
        ({"identifiers": ["fine", "abc"]}, "identifiers.1"),
        ({"kind": "forget"}, "kind"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(
    begin: Begin, admin: User, fields: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        begin(**{"kind": "erase", **fields})
    assert [issue.path for issue in refused.value.issues] == [path]
    assert not PrivacyRequest.objects.exists()


def test_who_types_another_number_erases_nobody(hand: Hand, begin: Begin, admin: User) -> None:
    request = hand.go(begin())
    with pytest.raises(InvalidInput):
        services.request_confirm(who=admin, user=admin, request=request, typed="P-0")
    assert PrivacyRequest.objects.get(pk=request.pk).status == "found"


def test_a_request_that_is_called_off_keeps_nothing_of_the_person(hand: Hand, begin: Begin, admin: User) -> None:
    request = services.request_cancel(who=admin, request=hand.go(begin()))
    assert (request.status, request.subject) == ("cancelled", None)
    assert not PrivacyFind.objects.exists()
    with pytest.raises(Conflict, match="has ended"):
        services.request_cancel(who=admin, request=request)


def test_an_auditor_begins_nothing(member: Make, ana: User) -> None:
    auditor = member("auditor")
    with pytest.raises(PermissionDenied):
        services.request_create(
            who=auditor, user=auditor, kind="export", member=ana.pk, identifiers=[], reason="curious"
        )


def test_a_request_that_was_given_up_says_so(begin: Begin) -> None:
    request = begin()
    working.request_bury(request.pk)
    request.refresh_from_db()
    assert (request.status, request.problem["code"]) == ("failed", "privacy_abandoned")
