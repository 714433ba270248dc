"""What a person changes is kept, undone, saved, and never put over what somebody else has saved unawares."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TooLarge
from apps.common.privacy import RETAINED
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows import defining
from apps.workflows.definition import Definition, definition_parse
from apps.workflows.editing import operations, services
from apps.workflows.editing.contents import Content
from apps.workflows.editing.operations import definition_raw
from apps.workflows.models import Trigger, Workflow, WorkflowChange, WorkflowEdit, WorkflowVersion
from tests.workflows.conftest import MakeWorkflow
from tests.workflows.test_engine import give

MakeMember = Callable[..., User]
EVERY_HOUR: dict[str, Any] = {"kind": "schedule", "settings": {"every": "1h", "inputs": {"n": 1}}}


class Person:
    """A builder with what they change."""

    def __init__(self, user: User, edit: WorkflowEdit) -> None:
        self.user, self.edit = user, edit

    @property
    def asking(self) -> dict[str, Any]:
        return {"who": self.user, "user": self.user, "id": self.edit.pk}

    @property
    def content(self) -> Content:
        return services.edit_content(WorkflowEdit.objects.get(pk=self.edit.pk))

    @property
    def title(self) -> str:
        return str(self.content.definition["title"])

    def change(self, change: Callable[[Content], Content], what: str = "Changed") -> None:
        services.edit_change(**self.asking, what=what, change=change)

    def call(self, title: str) -> None:
        settings = {"title": title}
        self.change(lambda said: said.with_definition(operations.settings_set(said.definition, settings)), title)


Begin = Callable[..., Person]


@pytest.fixture
def begin(builder: User) -> Begin:
    """`begin(workflow=None, user=builder)`: somebody begins to change a workflow, or to make one."""

    def make(workflow: Workflow | None = None, user: User = builder) -> Person:
        if workflow is not None:
            workflow = Workflow.objects.select_related("published").get(pk=workflow.pk)
            return Person(user, services.edit_begin(who=user, user=user, workflow=workflow))
        raw = definition_raw({"name": "fresh", "title": "Fresh", "steps": {"a": give(1)}})
        return Person(user, services.edit_new(who=user, user=user, definition=raw))

    return make


def draft(name: str) -> Definition:
    return WorkflowVersion.objects.get(workflow__name=name, number=None).definition


def test_an_edit_begins_with_the_draft_and_goes_on_where_it_was(workflow: MakeWorkflow, begin: Begin) -> None:
    made = workflow({"a": give(1)})
    mine = begin(made)
    assert mine.title == "Test"
    mine.call("Mine")
    assert begin(made).edit.pk == mine.edit.pk
    assert begin(made).title == "Mine"


def test_what_is_saved_and_then_changed_by_others_begins_anew(
    workflow: MakeWorkflow, begin: Begin, builder: User
) -> None:
    made = workflow({"a": give(1)})
    mine = begin(made)
    defining.workflow_save(who=builder, user=builder, definition=_titled("Theirs"))
    again = begin(made)
    assert (again.edit.pk, again.title) == (mine.edit.pk, "Theirs")
    with pytest.raises(Conflict):
        services.edit_undo(**again.asking)


def test_changes_are_undone_and_made_again_until_something_else_is_changed(
    workflow: MakeWorkflow, begin: Begin
) -> None:
    mine = begin(workflow({"a": give(1)}))
    mine.call("One")
    mine.call("Two")
    assert services.edit_undo(**mine.asking) == "Two"
    assert mine.title == "One"
    assert services.edit_undo(**mine.asking) == "One"
    assert mine.title == "Test"
    with pytest.raises(Conflict, match="nothing to undo"):
        services.edit_undo(**mine.asking)
    assert services.edit_redo(**mine.asking) == "One"
    mine.call("Three")
    with pytest.raises(Conflict, match="could be made again"):
        services.edit_redo(**mine.asking)
    services.edit_undo(**mine.asking)
    assert mine.title == "One"


def test_what_was_shown_before_another_window_changed_it_overwrites_nothing(begin: Begin) -> None:
    mine = begin()
    shown = services.change_now(mine.edit)
    part: dict[str, Any] = {"part": lambda said: said.definition["title"], "seen": shown}
    mine.call("In the other window")
    with pytest.raises(Conflict, match="in another window"):
        services.edit_change(**mine.asking, what="Late", change=_entitled("Late"), **part)
    assert mine.title == "In the other window"
    steps: dict[str, Any] = {**part, "part": lambda said: said.definition["steps"]}
    services.edit_change(**mine.asking, what="Another part", change=_entitled("Late"), **steps)
    assert mine.title == "Late", "what the form is about was the same"


def test_a_number_that_is_used_again_after_an_undo_is_not_what_was_shown(begin: Begin) -> None:
    mine = begin()
    mine.call("One")
    mine.edit.refresh_from_db()
    shown = services.change_now(mine.edit)
    services.edit_undo(**mine.asking)
    mine.call("Other")
    with pytest.raises(Conflict):
        services.edit_change(
            **mine.asking, what="Late", change=_entitled("Late"), part=lambda said: said.definition["title"], seen=shown
        )
    assert mine.title == "Other"


@pytest.mark.parametrize("act", [services.edit_save, services.edit_publish])
def test_what_was_not_shown_is_neither_saved_nor_published(begin: Begin, act: Callable[..., Any]) -> None:
    mine = begin()
    shown = services.change_now(mine.edit)
    mine.call("In the other window")
    with pytest.raises(Conflict, match="another window"):
        act(**mine.asking, seen=shown)
    assert not Workflow.objects.exists()
    mine.edit.refresh_from_db()
    act(**mine.asking, seen=services.change_now(mine.edit))
    assert Workflow.objects.get().title == "In the other window"


def _entitled(title: str) -> Callable[[Content], Content]:
    return lambda said: said.with_definition(operations.settings_set(said.definition, {"title": title}))


def test_what_changes_nothing_is_no_change(begin: Begin) -> None:
    mine = begin()
    mine.call("Fresh")
    mine.call("Other")
    services.edit_undo(**mine.asking)
    mine.call("Fresh")  # so that what was undone is not forgotten
    assert services.edit_redo(**mine.asking) == "Other"


def test_a_hundred_changes_are_kept(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    assert services.MOST_CHANGES == 100
    monkeypatch.setattr(services, "MOST_CHANGES", 3)
    mine = begin()
    for n in range(5):
        mine.call(f"Title {n}")
    assert list(WorkflowChange.objects.values_list("number", flat=True)) == [3, 4, 5]
    services.edit_undo(**mine.asking)
    services.edit_undo(**mine.asking)
    assert mine.title == "Title 2"
    with pytest.raises(Conflict):
        services.edit_undo(**mine.asking)


def test_what_is_not_whole_is_kept_but_not_saved(begin: Begin) -> None:
    mine = begin()
    mine.change(lambda said: said.with_definition({**said.definition, "steps": {"a": {"kind": "agent"}}}))
    with pytest.raises(InvalidInput) as found:
        services.edit_save(**mine.asking)
    assert [issue.path for issue in found.value.issues] == ["steps.a.agent"]
    assert not Workflow.objects.exists()
    assert mine.content.definition["steps"] == {"a": {"kind": "agent"}}


def test_what_is_too_large_is_refused_and_what_was_there_stays(begin: Begin) -> None:
    mine = begin()
    with pytest.raises(TooLarge):
        mine.call("x" * 600_000)
    assert mine.title == "Fresh"


def test_saving_a_new_one_makes_the_workflow_and_its_triggers(begin: Begin, builder: User) -> None:
    mine = begin()
    mine.change(lambda said: said.with_trigger("webhook", {}))
    mine.change(lambda said: said.with_trigger("schedule", {"every": "1h"}))
    saved = services.edit_save(**mine.asking)
    assert (saved.workflow.name, saved.workflow.created_by) == ("fresh", builder)
    assert [secret[:6] for _, secret in saved.secrets] == ["whsec_"]
    assert sorted(Trigger.objects.values_list("kind", flat=True)) == ["schedule", "webhook"]
    assert mine.content == replace(mine.content, triggers=[], saved=saved.workflow.seq)
    again = services.edit_save(**mine.asking)
    assert Trigger.objects.count() == 2, "they are made once"
    assert again.workflow.pk == saved.workflow.pk


def test_a_name_that_is_taken_is_told_and_nothing_is_made(workflow: MakeWorkflow, begin: Begin) -> None:
    workflow({"a": give(1)}, name="fresh")
    mine = begin()
    mine.change(lambda said: said.with_trigger("schedule", {"every": "1h"}))
    with pytest.raises(Conflict, match="'fresh' already"):
        services.edit_save(**mine.asking)
    assert not Trigger.objects.exists()
    assert len(mine.content.triggers) == 1


def test_saving_is_refused_once_somebody_else_has_changed_the_workflow(
    workflow: MakeWorkflow, begin: Begin, builder: User, member: MakeMember
) -> None:
    made = workflow({"a": give(1)})
    mine, other = begin(made), begin(made, member("builder"))
    mine.call("Mine")
    other.call("Theirs")
    services.edit_save(**other.asking)
    for attempt in (services.edit_save, services.edit_publish):
        with pytest.raises(Conflict, match="Somebody else"):
            attempt(**mine.asking)
    assert draft("test").title == "Theirs"
    seen = Workflow.objects.get().seq
    other.call("Theirs again")
    services.edit_save(**other.asking)
    with pytest.raises(Conflict, match="once more"):
        services.edit_rebase(**mine.asking, take="mine", seen=seen)
    services.edit_rebase(**mine.asking, take="mine", seen=seen + 1)
    services.edit_save(**mine.asking)
    assert draft("test").title == "Mine"


def test_what_is_typed_while_it_is_published_is_no_part_of_it_and_counts_as_unsaved(
    workflow: MakeWorkflow, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = begin(workflow({"a": give(1)}))
    mine.call("First")
    save = services.edit_save

    def saved_and_typed(**asking: Any) -> services.Saved:
        done = save(**asking)
        mine.call("Second")
        return done

    monkeypatch.setattr(services, "edit_save", saved_and_typed)
    with pytest.raises(Conflict, match="changed it meanwhile"):
        services.edit_publish(**mine.asking)
    assert (draft("test").title, mine.title) == ("First", "Second")
    monkeypatch.setattr(services, "edit_save", save)
    assert services.edit_publish(**mine.asking).workflow.title == "Second"


def test_what_somebody_else_saved_is_taken_and_that_can_be_undone(
    workflow: MakeWorkflow, begin: Begin, builder: User
) -> None:
    mine = begin(workflow({"a": give(1)}))
    mine.call("Mine")
    defining.workflow_save(who=builder, user=builder, definition=_titled("Theirs"))
    services.edit_rebase(**mine.asking, take="theirs")
    assert mine.title == "Theirs"
    services.edit_undo(**mine.asking)
    assert mine.title == "Mine"
    services.edit_save(**mine.asking)
    assert draft("test").title == "Mine"


def test_publishing_saves_first_and_later_changes_go_on_from_there(workflow: MakeWorkflow, begin: Begin) -> None:
    mine = begin(workflow({"a": give(1)}))
    mine.call("Two")
    saved = services.edit_publish(**mine.asking, note="Another title")
    assert saved.version is not None
    assert (saved.version.number, saved.version.note, saved.workflow.title) == (2, "Another title", "Two")
    mine.call("Three")
    assert services.edit_publish(**mine.asking).version.number == 3  # type: ignore[union-attr]


def test_what_is_saved_stays_where_publishing_is_refused(
    workflow: MakeWorkflow, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = begin(workflow({"a": give(1)}))
    mine.call("Two")

    def refuse(**_: Any) -> None:
        raise Conflict("A second person publishes it.")

    monkeypatch.setattr(defining, "workflow_publish", refuse)
    with pytest.raises(Conflict, match="second person"):
        services.edit_publish(**mine.asking)
    assert draft("test").title == "Two"
    monkeypatch.undo()
    services.edit_publish(**mine.asking)
    assert Workflow.objects.get(name="test").title == "Two"


def test_a_trigger_whose_inputs_only_the_draft_takes_waits_for_its_publication(
    workflow: MakeWorkflow, begin: Begin
) -> None:
    mine = begin(workflow({"a": give(1)}))
    inputs = {"n": {"type": "number", "title": "N"}}
    mine.change(lambda said: said.with_definition(operations.inputs_set(said.definition, inputs)))
    mine.change(lambda said: said.with_trigger(**EVERY_HOUR))
    saved = services.edit_save(**mine.asking)
    assert saved.waiting is not None
    assert (Trigger.objects.count(), mine.content.triggers) == (0, [EVERY_HOUR])
    assert services.edit_publish(**mine.asking).waiting is None
    assert (Trigger.objects.get().told["inputs"], mine.content.triggers) == ({"n": 1}, [])


def test_what_is_discarded_is_gone_and_the_workflow_stays(workflow: MakeWorkflow, begin: Begin) -> None:
    made = workflow({"a": give(1)})
    mine = begin(made)
    mine.call("Mine")
    assert services.edit_discard(**mine.asking) == made
    assert not WorkflowEdit.objects.exists()
    assert begin(made).title == "Test"
    assert services.edit_discard(**begin().asking) is None


@pytest.mark.parametrize("act", ["edit_get", "edit_undo", "edit_save", "edit_publish", "edit_discard"])
def test_what_another_person_changes_is_not_found(act: str, begin: Begin, member: MakeMember) -> None:
    mine, other = begin(), member("owner")
    with pytest.raises(NotFound):
        getattr(services, act)(who=other, user=other, id=mine.edit.pk)
    with pytest.raises(NotFound):
        services.edit_change(who=other, user=other, id=mine.edit.pk, what="x", change=lambda said: said)


def test_what_is_changed_in_another_tenant_is_not_found(begin: Begin, globex: Tenant, member: MakeMember) -> None:
    mine = begin()
    other = member("builder", tenant=globex)
    with tenant_context(globex), pytest.raises(NotFound):
        services.edit_get(who=other, user=other, id=mine.edit.pk)


def test_who_may_not_edit_workflows_changes_none(workflow: MakeWorkflow, member: MakeMember, begin: Begin) -> None:
    made, mine, analyst = workflow({"a": give(1)}), begin(), member("analyst")
    asking: dict[str, Any] = {"who": analyst, "user": analyst}
    for attempt in (
        lambda: services.edit_begin(**asking, workflow=made),
        lambda: services.edit_new(**asking, definition={}),
        lambda: services.edit_save(**asking, id=mine.edit.pk),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


def test_the_order_of_steps_is_kept_as_it_is_entered(begin: Begin) -> None:
    mine = begin()
    mine.change(lambda said: said.with_definition({**said.definition, "steps": {"z": give(1), "a": give(2)}}))
    services.edit_save(**mine.asking)
    assert list(draft("fresh").steps) == ["z", "a"]
    told = json.loads(WorkflowChange.objects.get(edit=mine.edit, number=1).content)
    assert list(told["definition"]["steps"]) == ["z", "a"]


def _titled(title: str) -> Definition:
    return definition_parse({"name": "test", "title": title, "steps": {"a": give(1)}})


def test_a_person_has_a_few_workflows_begun_at_a_time(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, member: MakeMember
) -> None:
    monkeypatch.setattr(services, "MOST_BEGUN", 2)
    mine = [begin() for _ in range(2)]
    with pytest.raises(Conflict, match="not saved yet; no other was begun"):
        begin()
    begin(user=member("builder"))
    services.edit_discard(**mine[0].asking)
    begin()


def test_of_large_changes_fewer_can_be_undone(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_BYTES", 3_000)
    mine = begin()
    for n in range(6):
        mine.call(f"{n}{'x' * 900}")
    kept = list(mine.edit.changes.values_list("number", flat=True))
    assert kept == [5, 6], "of three the first would be over it"
    assert services.edit_undo(**mine.asking)
    with pytest.raises(Conflict):
        services.edit_undo(**mine.asking)


def test_what_nobody_went_on_with_is_deleted_after_its_period(begin: Begin) -> None:
    old, new = begin(), begin()
    WorkflowEdit.objects.filter(pk=old.edit.pk).update(changed_at=timezone.now() - timedelta(days=181))
    kind = RETAINED.get("workflows.edit")
    assert kind is not None
    assert kind.expire(timezone.now() - timedelta(days=180), 100) == 1
    assert list(WorkflowEdit.objects.values_list("pk", flat=True)) == [new.edit.pk]
    assert not WorkflowChange.objects.filter(edit=old.edit.pk).exists()
