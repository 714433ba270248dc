"""What is older than its period goes, in small steps and once; a shorter period comes a day later; holds stop it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.auditing import ROLE_SET
from apps.accounts.models import User
from apps.agents.models import AgentDecision, AgentRun
from apps.audit.documents import digest_of
from apps.audit.models import AuditEntry, AuditPayload
from apps.audit.services import record
from apps.common import work
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.common.privacy import RETAINED
from apps.common.work import Claim
from apps.compliance.models import RetentionPeriod, RetentionRecord
from apps.compliance.requests import holds
from apps.compliance.retention import services
from apps.compliance.retention.periods import GRACE
from apps.datasets.models import Dataset
from apps.datasets.services import dataset_upload
from apps.tenants.models import Tenant
from apps.workflows.models import Approval, Workflow, WorkflowRun, WorkflowVersion
from tests.dummy.privacy import DummyLog

Make = Callable[..., User]
LONG_AGO = timedelta(days=5_000)


@pytest.fixture
def admin(member: Make) -> User:
    return member("administrator")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Lines of the dummy log: five old ones, and one of today."""
    now = timezone.now()
    mine = [now - timedelta(days=40 + n) for n in range(5)] + [now]
    monkeypatch.setattr(DummyLog, "lines", mine)
    return mine


def gone_by() -> int:
    """Go by the periods to the end; returns the batches that it took."""
    batches = 0
    with transaction.atomic():
        while services.retention_step():
            batches += 1
    return batches


def set_days(admin: User, key: str, days: int | None) -> None:
    services.period_set(who=admin, user=admin, kind=RETAINED[key], days=days)


def aged(row: Any) -> Any:
    type(row)._base_manager.filter(pk=row.pk).update(created_at=timezone.now() - LONG_AGO)
    return row


def run(status: str = "succeeded") -> AgentRun:
    said: dict[str, Any] = {"agent_key": "dummy.idle", "agent_version": "1", "origin": "api", "input": {}}
    return aged(AgentRun.objects.create(**said, status=status))  # type: ignore[no-any-return]


def test_what_is_older_goes_in_batches_and_leaves_one_record_and_one_entry(
    admin: User, lines: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    gone_by()
    assert len(lines) == 1
    (told,) = RetentionRecord.objects.filter(kind="dummy.log")
    assert (told.removed, told.days) == (5, 30)
    assert told.ended_at is not None
    (entry,) = AuditEntry.objects.filter(kind="compliance.retention_applied")
    assert entry.subject_id == "dummy.log"
    assert AuditPayload.objects.get(pk=entry.pk).facts["content"]["removed"] == 5


def test_a_second_time_does_nothing(admin: User, lines: list[datetime]) -> None:
    assert gone_by() > 0
    told = list(RetentionRecord.objects.values_list())
    assert gone_by() == 0
    RetentionPeriod.objects.update(applied_at=timezone.now() - timedelta(days=1))
    gone_by()
    assert list(RetentionRecord.objects.values_list()) == told


def test_a_shorter_period_comes_a_day_later_and_can_be_set_back(admin: User, lines: list[datetime]) -> None:
    lines[:] = [timezone.now() - timedelta(days=10)]
    set_days(admin, "dummy.log", 5)
    gone_by()
    assert len(lines) == 1
    set_days(admin, "dummy.log", 30)
    row = RetentionPeriod.objects.get(pk="dummy.log")
    assert row.has_come(timezone.now())
    set_days(admin, "dummy.log", 5)
    RetentionPeriod.objects.update(holds_at=timezone.now() - timedelta(seconds=1), applied_at=None)
    gone_by()
    assert lines == []


def test_a_longer_period_holds_at_once(admin: User, lines: list[datetime]) -> None:
    set_days(admin, "dummy.log", 60)
    gone_by()
    assert len(lines) == 6


def test_a_period_that_is_made_longer_meanwhile_keeps_what_was_about_to_go(
    admin: User, lines: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 2)
    with transaction.atomic():
        while len(lines) == 6:
            assert services.retention_step()
    left = list(lines)
    set_days(admin, "dummy.log", 60)
    gone_by()
    assert lines == left
    (told,) = RetentionRecord.objects.filter(kind="dummy.log")
    assert (told.removed, told.days, told.ended_at is None) == (2, 30, False)


def test_a_period_that_is_shortened_twice_counts_from_what_holds(admin: User) -> None:
    set_days(admin, "dummy.log", 20)
    set_days(admin, "dummy.log", 10)
    row = RetentionPeriod.objects.get(pk="dummy.log")
    assert (row.former_days, row.days) == (30, 10)
    assert row.holds_at is not None
    assert row.holds_at > timezone.now() + GRACE - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("key", "days"), [("dummy.log", 0), ("dummy.log", 91), ("dummy.log", None), ("audit.facts", 30)]
)
def test_a_period_outside_of_its_bounds_is_refused(admin: User, key: str, days: int | None) -> None:
    with pytest.raises(InvalidInput, match="stays as it was"):
        set_days(admin, key, days)
    assert not RetentionPeriod.objects.exists()


def test_a_kind_that_there_is_not_is_not_found() -> None:
    with pytest.raises(NotFound):
        services.kind_get("dummy.nothing")


def test_an_auditor_sets_nothing(member: Make) -> None:
    with pytest.raises(PermissionDenied):
        set_days(member("auditor"), "dummy.log", 40)


def test_a_hold_stops_everything_until_it_is_released(admin: User, lines: list[datetime]) -> None:
    hold = holds.hold_set(
        who=admin, user=admin, title="Matter", reason="A court", member=None, identifiers=["KD-1001"], everything=False
    )
    assert gone_by() == 0
    assert len(lines) == 6
    holds.hold_release(who=admin, user=admin, hold=hold)
    gone_by()
    assert len(lines) == 1


def test_runs_that_decided_outlive_those_that_did_not_and_open_ones_stay(admin: User) -> None:
    plain, decided, still_open = run(), run(), run("running")
    AgentDecision.objects.create(
        run=decided, position=0, agent_key="dummy.idle", agent_version="1", verdict="yes", record={}
    )
    set_days(admin, "agents.decision", None)
    gone_by()
    assert set(AgentRun.objects.all()) == {decided, still_open}
    assert not AgentRun.objects.filter(pk=plain.pk).exists()


def test_a_run_of_a_workflow_stays_as_long_as_its_parts_and_its_decisions(admin: User) -> None:
    flow = Workflow.objects.create(name="w", title="W")
    version = WorkflowVersion.objects.create(workflow=flow, number=1, content="{}")
    said: dict[str, Any] = {"workflow": flow, "version": version, "inputs": {}, "origin": "api", "status": "succeeded"}
    parent = aged(WorkflowRun.objects.create(**said))
    child = aged(WorkflowRun.objects.create(**said, parent=parent, depth=1))
    now = timezone.now()
    Approval.objects.create(run=child, step="ask", question="?", roles=[], due_at=now, decided_at=now, approved=True)
    aged(WorkflowRun.objects.create(**said))
    set_days(admin, "workflows.decision", None)
    gone_by()
    assert set(WorkflowRun.objects.all()) == {parent, child}


def test_a_dataset_goes_with_its_file(acme: Tenant, django_capture_on_commit_callbacks: Any) -> None:
    from apps.datasets.files import path_of

    old = aged(dataset_upload(file=BytesIO(b"a,b\n1,2\n"), name="old.csv", user=None))
    new = dataset_upload(file=BytesIO(b"a,b\n1,2\n"), name="new.csv", user=None)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        assert RETAINED["datasets.dataset"].expire(timezone.now() - timedelta(days=30), 10) == 1
    assert list(Dataset.objects.all()) == [new]
    assert (path_of(old.pk).exists(), path_of(new.pk).exists()) == (False, True)


def test_who_it_was_goes_from_the_audit_log_and_what_was_done_stays(member: Make) -> None:
    ana = member(name="Ana")
    with transaction.atomic():
        id = record(ROLE_SET, who=ana, subject=ana, before={"role": "x"}, after={"role": "y"})
    soon = timezone.now() + timedelta(minutes=1)
    assert RETAINED["audit.personal"].due(soon) >= 1
    RETAINED["audit.personal"].expire(soon, 100)
    payload, entry = AuditPayload.objects.get(pk=id), AuditEntry.objects.get(pk=id)
    assert (payload.personal, payload.shredded_for) == (None, "retention period")
    assert digest_of(payload.facts) == bytes(entry.facts_digest)
    first = payload.shredded_at
    RETAINED["audit.facts"].expire(soon, 100)
    payload = AuditPayload.objects.get(pk=id)
    assert (payload.facts, payload.shredded_at) == (None, first)


def test_a_turn_is_bounded_and_the_next_look_is_in_a_day(
    admin: User, lines: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    due: list[datetime] = []

    class Row:
        def postpone(self, at: datetime) -> None:
            due.append(at)

    @contextmanager
    def fenced(claim: Claim) -> Iterator[Row]:
        with transaction.atomic():
            yield Row()

    monkeypatch.setattr(work, "fenced", fenced)
    monkeypatch.setattr(work, "stopping", lambda claim: False)
    monkeypatch.setattr(services, "BATCH", 1)
    monkeypatch.setattr(services, "TURN", 2)
    claim = Claim(services.KIND, services.work_id(), "t_acme", 1, 0, 0)
    while not due or due[-1] <= timezone.now():
        services.retention_perform(claim)
    assert len(due) > 3
    assert len(lines) == 1
    assert due[-1] > timezone.now() + timedelta(hours=23)
