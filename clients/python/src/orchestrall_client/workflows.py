"""Workflows: what they say, what is published of them, what starts them, and the blueprints they are made of."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict, Unpack, overload
from urllib.parse import quote
from uuid import UUID

from orchestrall_client.connection import Call, Connection, get
from orchestrall_client.pages import id_of, listed
from orchestrall_client.payloads import plain
from orchestrall_client.workflow_models import (
    Blueprint,
    BlueprintDetail,
    BlueprintMade,
    Checked,
    Difference,
    Trigger,
    TriggerMade,
    Version,
    VersionDetail,
    Workflow,
    WorkflowDetail,
    WorkflowDraft,
)

WorkflowName = Workflow | str
TriggerId = Trigger | UUID | str
PATH = "/api/v1/workflows"
BLUEPRINTS = "/api/v1/workflow-blueprints"
TRIGGERS = "/api/v1/triggers"


class WorkflowsNarrowed(TypedDict, total=False):
    """How a list of workflows is narrowed and ordered."""

    q: str
    tag: str
    order: str
    page_size: int | None


class Workflows:
    """`client.workflows`. A workflow is named by its name, or by the object itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    def list(self, *, fields: None = None, **narrow: Unpack[WorkflowsNarrowed]) -> Iterator[Workflow]: ...

    @overload
    def list(self, *, fields: Sequence[str], **narrow: Unpack[WorkflowsNarrowed]) -> Iterator[dict[str, Any]]: ...

    def list(
        self,
        *,
        q: str = "",
        tag: str = "",
        order: str = "",
        fields: Sequence[str] | None = None,
        page_size: int | None = None,
    ) -> Iterator[Any]:
        """The workflows that are not archived: newest first, or in an `order` (`name`, or `-name` from above).

        `q` are words of the name or the title. A page is asked for as it is reached. With `fields` each is a dict of
        these alone.
        """
        return listed(self._connection, PATH, Workflow, fields=fields, q=q, tag=tag, order=order, limit=page_size)

    def get(self, workflow: WorkflowName) -> WorkflowDetail:
        """One workflow with what is published of it, its draft, and what starts it."""
        return self._connection.one(get(at(workflow)), WorkflowDetail)

    def create(self, definition: Mapping[str, Any], *, idempotency_key: str | None = None) -> WorkflowDetail:
        """Make a workflow, with this definition as its draft: a mapping, as a YAML file of one holds it.

        `InvalidRequest` has an issue for each place that is wrong; `Conflict` where there is one of its name.
        """
        call = Call("POST", PATH, json={"definition": plain(definition)})
        return self._connection.one(call.once(idempotency_key), WorkflowDetail)

    def save(self, workflow: WorkflowName, definition: Mapping[str, Any]) -> WorkflowDetail:
        """Keep a definition as the draft, in the place of the one there was. New runs follow it once it is published.

        It brings back a workflow that is archived.
        """
        return self._connection.one(Call("PUT", at(workflow), json={"definition": plain(definition)}), WorkflowDetail)

    def check(self, workflow: WorkflowName, definition: Mapping[str, Any]) -> Checked:
        """What a definition would change. Nothing is stored; `InvalidRequest` tells each place that is wrong."""
        call = Call("POST", f"{at(workflow)}/check", json={"definition": plain(definition)})
        return self._connection.one(call.once(), Checked)

    def publish(self, workflow: WorkflowName, *, note: str = "") -> WorkflowDetail:
        """Let new runs follow the draft, as a version that never changes. `Conflict` where there is no draft."""
        return self._connection.one(Call("POST", f"{at(workflow)}/publish", json={"note": note}).once(), WorkflowDetail)

    def ask_publication(self, workflow: WorkflowName) -> WorkflowDetail:
        """Ask somebody else to publish the draft, where that takes a second person. Saving the draft takes it back."""
        return self._connection.one(Call("POST", f"{at(workflow)}/ask-publication").once(), WorkflowDetail)

    def second_person(self, workflow: WorkflowName, *, needed: bool) -> WorkflowDetail:
        """Say whether publishing takes a second person. Whoever edits may ask for it; only an owner does without."""
        call = Call("POST", f"{at(workflow)}/second-person", json={"needed": needed})
        return self._connection.one(call.once(), WorkflowDetail)

    def draft(self, workflow: WorkflowName) -> WorkflowDraft:
        """What would be published next. `NotFound` where all is published."""
        return self._connection.one(get(f"{at(workflow)}/draft"), WorkflowDraft)

    def discard(self, workflow: WorkflowName) -> None:
        """Drop the draft. What is published stays as it is; `Conflict` where nothing is."""
        self._connection.json(Call("DELETE", f"{at(workflow)}/draft"))

    def rollback(self, workflow: WorkflowName, number: int) -> WorkflowDetail:
        """Publish an earlier version again, as a new one. A draft is kept."""
        call = Call("POST", f"{at(workflow)}/rollback", json={"number": number})
        return self._connection.one(call.once(), WorkflowDetail)

    def pause(self, workflow: WorkflowName) -> WorkflowDetail:
        """Let no trigger start it. What runs goes on, and people and programs may start it."""
        return self._connection.one(Call("POST", f"{at(workflow)}/pause").once(), WorkflowDetail)

    def resume(self, workflow: WorkflowName) -> WorkflowDetail:
        """Let triggers start it again."""
        return self._connection.one(Call("POST", f"{at(workflow)}/resume").once(), WorkflowDetail)

    def archive(self, workflow: WorkflowName) -> None:
        """Let nothing start it any more. What runs goes on, and its runs and versions stay.

        `Conflict` while published workflows start it.
        """
        self._connection.json(Call("DELETE", at(workflow)))

    @overload
    def versions(
        self, workflow: WorkflowName, *, fields: None = None, page_size: int | None = None
    ) -> Iterator[Version]: ...

    @overload
    def versions(
        self, workflow: WorkflowName, *, fields: Sequence[str], page_size: int | None = None
    ) -> Iterator[dict[str, Any]]: ...

    def versions(
        self, workflow: WorkflowName, *, fields: Sequence[str] | None = None, page_size: int | None = None
    ) -> Iterator[Any]:
        """What was published of it, newest first."""
        return listed(self._connection, f"{at(workflow)}/versions", Version, fields=fields, limit=page_size)

    def version(self, workflow: WorkflowName, number: int) -> VersionDetail:
        """One published version, with what it says."""
        return self._connection.one(get(f"{at(workflow)}/versions/{number}"), VersionDetail)

    def difference(self, workflow: WorkflowName, number: int, *, former: int | None = None) -> Difference:
        """What changed from an earlier version, by default the one before, in words."""
        call = get(f"{at(workflow)}/versions/{number}/difference", **{"from": former})
        return self._connection.one(call, Difference)


class Triggers:
    """`client.triggers`: what starts workflows by itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, workflow: WorkflowName) -> builtins.list[Trigger]:
        """Those of a workflow, with the next times of its schedules."""
        return self._connection.many(get(f"{at(workflow)}/triggers"), Trigger)

    def create(self, workflow: WorkflowName, kind: str, settings: Mapping[str, Any] | None = None) -> TriggerMade:
        """Make one: a `schedule`, a `webhook`, or a `workflow_end`.

        The secret of a webhook is in this one answer: keep it safe. Where the answer got lost, and a later try finds
        the trigger made, this raises a `Conflict` (`answer_not_kept`): delete it, and make another.
        """
        call = Call("POST", f"{at(workflow)}/triggers", json={"kind": kind, "settings": plain(settings or {})})
        return self._connection.one(call.once(), TriggerMade)

    def get(self, trigger: TriggerId) -> Trigger:
        """One trigger."""
        return self._connection.one(get(trigger_at(trigger)), Trigger)

    def change(
        self, trigger: TriggerId, *, settings: Mapping[str, Any] | None = None, is_enabled: bool | None = None
    ) -> Trigger:
        """Change all of what it is told, or turn it on and off. Its kind, address and secret stay."""
        given: dict[str, Any] = {"settings": plain(settings) if settings is not None else None}
        given["is_enabled"] = is_enabled
        body = {name: value for name, value in given.items() if value is not None}
        return self._connection.one(Call("PATCH", trigger_at(trigger), json=body), Trigger)

    def rotate(self, trigger: TriggerId, *, overlap: str = "1d") -> TriggerMade:
        """Give a webhook another secret. The old one is taken too for the `overlap`: `0`, `1h`, `1d` or `7d`."""
        call = Call("POST", f"{trigger_at(trigger)}/rotate", json={"overlap": overlap})
        return self._connection.one(call.once(), TriggerMade)

    def delete(self, trigger: TriggerId) -> None:
        """Delete it. Runs that it started stay; the secret of a webhook is gone for good."""
        self._connection.json(Call("DELETE", trigger_at(trigger)))


class Blueprints:
    """`client.blueprints`: workflows that the organisation's industries bring."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> builtins.list[Blueprint]:
        """All of them, by industry."""
        return self._connection.many(get(BLUEPRINTS), Blueprint)

    def get(self, key: str) -> BlueprintDetail:
        """One of them, with its definition, and inputs to try it with."""
        return self._connection.one(get(_of(key)), BlueprintDetail)

    def use(self, blueprint: str | Blueprint, *, idempotency_key: str | None = None) -> WorkflowDetail:
        """Make a workflow of it, as a draft, under its name or the next one that is free."""
        return self._connection.one(Call("POST", f"{_of(blueprint)}/use").once(idempotency_key), WorkflowDetail)

    def set_up(
        self,
        blueprint: str | Blueprint,
        *,
        title: str = "",
        values: Mapping[str, Any] | None = None,
        roles: Sequence[str] = (),
        schedule: Mapping[str, Any] | None = None,
        publish: bool = False,
        run: bool = False,
        sample: int | None = None,
        idempotency_key: str | None = None,
    ) -> BlueprintMade:
        """Make a workflow of it by a few answers, which may all be left out: all that they ask for, or nothing.

        `values` are what its inputs are where a run says nothing of them, `roles` who decides, `schedule` when it runs
        by itself (`{"cron": "0 7 * * MON", "zone": "Europe/Berlin"}`). `publish` has new runs follow it at once, `run`
        starts one besides, of these values or of the `sample` of that number.
        """
        asked = {
            "title": title,
            "values": plain(values or {}),
            "roles": list(roles),
            "schedule": plain(schedule) if schedule else None,
            "publish": publish,
            "run": run,
            "sample": sample,
        }
        call = Call("POST", f"{_of(blueprint)}/set-up", json=asked)
        return self._connection.one(call.once(idempotency_key), BlueprintMade)


def at(workflow: WorkflowName) -> str:
    """The address of a workflow."""
    return f"{PATH}/{quote(workflow.name if isinstance(workflow, Workflow) else workflow, safe='')}"


def _of(blueprint: str | Blueprint) -> str:
    """The address of a blueprint."""
    return f"{BLUEPRINTS}/{quote(blueprint.key if isinstance(blueprint, Blueprint) else blueprint, safe='')}"


def trigger_at(trigger: TriggerId) -> str:
    return f"{TRIGGERS}/{id_of(trigger, 'trigger')}"
