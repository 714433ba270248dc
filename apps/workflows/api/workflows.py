"""Workflows, their drafts and their versions."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.errors import Conflict, InvalidInput, Issue
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page
from apps.workflows import defining, publishing, returning, selectors
from apps.workflows.checking import definition_check
from apps.workflows.definition import LARGEST, Definition, definition_named, definition_parse
from apps.workflows.differences import definition_difference
from apps.workflows.models import Workflow, WorkflowVersion
from apps.workflows.permissions import WORKFLOWS_EDIT, WORKFLOWS_VIEW
from apps.workflows.schemas.workflows import (
    DefinitionIn,
    DifferenceQuery,
    DraftOut,
    PublishIn,
    RollbackIn,
    SecondPersonIn,
    VersionDetail,
    VersionDifference,
    VersionOut,
    WorkflowChecked,
    WorkflowDetail,
    WorkflowOut,
    WorkflowsQuery,
)

TAG = "workflows"
_NAME: dict[str, Any] = {"type": "string", "examples": ["top-up"]}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1, "examples": [3]}
NAME = OpenApiParameter("name", _NAME, OpenApiParameter.PATH, description="The name of a workflow, from the list.")
VERSION = OpenApiParameter("version", _NUMBER, OpenApiParameter.PATH, description="The number of a published version.")


class Workflows(ApiView):
    permission = {"GET": WORKFLOWS_VIEW, "POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}
    orders = ("name",)

    @extend_schema(
        operation_id="workflows_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter(
                "q",
                {"type": "string", "maxLength": 100, "examples": ["stock"]},
                description="Words that the name or the title contains.",
            ),
            OpenApiParameter(
                "tag", {"type": "string", "maxLength": 60, "examples": ["stock"]}, description="Only with this tag."
            ),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[WorkflowOut]},
    )
    def get(self, request: Request) -> Response:
        """The workflows that are not archived: newest first, or in the order asked for."""
        wanted = self.query(WorkflowsQuery)
        return self.page(selectors.workflows_query(who=self.who, search=wanted.q, tag=wanted.tag), WorkflowOut.of)

    @extend_schema(
        operation_id="workflow_create",
        tags=[TAG],
        parameters=[location("the workflow", 201)],
        request=DefinitionIn,
        responses={201: OpenApiResponse(WorkflowDetail, description="Made, as a draft that nothing runs yet.")},
    )
    def post(self, request: Request) -> Response:
        """Make a workflow: its definition is kept as a draft. 409 where there is one of this name.

        Where something is wrong with it, there is an issue for each place, and nothing is stored.
        """
        definition = definition_of(self.body(DefinitionIn))
        defining.workflow_create(who=self.who, user=self.who.user, definition=definition)
        place = reverse("workflows_api:workflow", args=[definition.name])
        return self.answer(detail_of(self, definition.name), 201, Location=place)


class WorkflowOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW, "PUT": WORKFLOWS_EDIT, "DELETE": WORKFLOWS_EDIT}
    problems = {"DELETE": [Conflict]}

    @extend_schema(operation_id="workflow_get", tags=[TAG], parameters=[NAME], responses={200: WorkflowDetail})
    def get(self, request: Request, name: str) -> Response:
        """One workflow: what is published of it, its draft, and what starts it. Archived ones are shown too."""
        return self.answer(detail_of(self, name))

    @extend_schema(
        operation_id="workflow_save",
        tags=[TAG],
        parameters=[NAME],
        request=DefinitionIn,
        responses={200: WorkflowDetail},
    )
    def put(self, request: Request, name: str) -> Response:
        """Keep a definition as the draft, in the place of the one there was; runs follow it once it is published.

        Its name is that of the address. Where something is wrong with it, there is an issue for each place, and nothing
        is stored. It brings back a workflow that is archived.
        """
        wanted = self.body(DefinitionIn)
        with transaction.atomic():
            self.require_match(detail_of(self, name, lock=True))
            definition = definition_named(definition_of(wanted), name)
            defining.workflow_save(who=self.who, user=self.who.user, definition=definition)
        return self.answer(detail_of(self, name))

    @extend_schema(operation_id="workflow_archive", tags=[TAG], parameters=[NAME], responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Archive a workflow: nothing starts it any more. What runs goes on, and its runs and versions stay.

        409 while published workflows start it: theirs would fail. To archive it again changes nothing; a draft that is
        saved brings it back.
        """
        with transaction.atomic():
            workflow = selectors.workflow_read(who=self.who, name=name, lock=True)
            self.require_match(_detail(self, workflow))
            defining.workflow_archive(who=self.who, workflow=workflow)
        return Response(status=204)


class WorkflowDraft(ApiView):
    permission = {"GET": WORKFLOWS_VIEW, "DELETE": WORKFLOWS_EDIT}
    problems = {"DELETE": [Conflict]}

    @extend_schema(operation_id="workflow_draft_get", tags=[TAG], parameters=[NAME], responses={200: DraftOut})
    def get(self, request: Request, name: str) -> Response:
        """What would be published next. 404 where all is published."""
        return self.answer(DraftOut.of(self._draft(name)))

    @extend_schema(operation_id="workflow_discard", tags=[TAG], parameters=[NAME], responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Drop the draft. What is published stays as it is; 409 where nothing is: nothing would be left."""
        with transaction.atomic():
            draft = self._draft(name, lock=True)
            self.require_match(DraftOut.of(draft))
            defining.workflow_discard(who=self.who, workflow=draft.workflow)
        return Response(status=204)

    def _draft(self, name: str, *, lock: bool = False) -> WorkflowVersion:
        workflow = selectors.workflow_read(who=self.who, name=name, lock=lock)
        return selectors.draft_get(who=self.who, workflow=workflow)


class WorkflowCheck(ApiView):
    permission = {"POST": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_check",
        tags=[TAG],
        parameters=[NAME],
        request=DefinitionIn,
        responses={200: WorkflowChecked},
    )
    def post(self, request: Request, name: str) -> Response:
        """Look what is wrong with a definition, and what it would change. Nothing is stored.

        422 with an issue for each place that is wrong.
        """
        wanted = self.body(DefinitionIn)
        workflow = selectors.workflow_get(who=self.who, name=name)
        definition = definition_named(definition_of(wanted), name)
        definition_check(definition, selectors.TenantCatalogue())
        former = selectors.version_get(who=self.who, workflow=workflow, number=None)
        changes = definition_difference(former.definition, definition)
        return self.answer(WorkflowChecked(issues=[], changes=changes))


class WorkflowVersions(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_versions",
        tags=[TAG],
        parameters=[NAME, *PAGE_PARAMETERS],
        responses={200: Page[VersionOut]},
    )
    def get(self, request: Request, name: str) -> Response:
        """What was published of a workflow, newest first."""
        return self.page(selectors.versions_query(who=self.who, name=name), VersionOut.of)


class WorkflowVersionOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_version_get", tags=[TAG], parameters=[NAME, VERSION], responses={200: VersionDetail}
    )
    def get(self, request: Request, name: str, version: int) -> Response:
        """One published version, with what it says."""
        workflow = selectors.workflow_get(who=self.who, name=name)
        return self.answer(
            VersionDetail.of(selectors.version_get(who=self.who, workflow=workflow, number=_number(version)))
        )


class WorkflowVersionDifference(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="workflow_version_difference",
        tags=[TAG],
        parameters=[
            NAME,
            VERSION,
            OpenApiParameter(
                "from",
                _NUMBER | {"examples": [2]},
                description="The version to compare with; by default the one before.",
            ),
        ],
        responses={200: VersionDifference},
    )
    def get(self, request: Request, name: str, version: int) -> Response:
        """What changed between two published versions, in words."""
        former = self.query(DifferenceQuery).former or version - 1
        workflow = selectors.workflow_get(who=self.who, name=name)
        old, new = (
            selectors.version_get(who=self.who, workflow=workflow, number=_number(each)).definition
            for each in (former, version)
        )
        changes = definition_difference(old, new)
        return self.answer(VersionDifference(former=former, number=version, changes=changes))


class WorkflowPublish(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    step_up = {"POST"}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_publish",
        tags=[TAG],
        parameters=[NAME],
        request=PublishIn,
        responses={200: WorkflowDetail},
    )
    def post(self, request: Request, name: str) -> Response:
        """Let new runs follow the draft, as a version that never changes. 409 where there is no draft.

        Runs under way stay on theirs. What the draft calls is checked again: 422 where some of it is gone.
        """
        wanted = self.body(PublishIn)
        workflow = selectors.workflow_get(who=self.who, name=name)
        defining.workflow_publish(who=self.who, user=self.who.user, workflow=workflow, note=wanted.note)
        return self.answer(detail_of(self, name))


class WorkflowAskPublication(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_ask_publication",
        tags=[TAG],
        parameters=[NAME],
        request=None,
        responses={200: WorkflowDetail},
    )
    def post(self, request: Request, name: str) -> Response:
        """Ask somebody else to publish the draft, where that takes a second person. To save the draft takes it back."""
        workflow = selectors.workflow_get(who=self.who, name=name)
        publishing.workflow_ask_publication(who=self.who, user=self.who.user, workflow=workflow)
        return self.answer(detail_of(self, name))


class WorkflowSecondPerson(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}

    @extend_schema(
        operation_id="workflow_second_person",
        tags=[TAG],
        parameters=[NAME],
        request=SecondPersonIn,
        responses={200: WorkflowDetail},
    )
    def post(self, request: Request, name: str) -> Response:
        """Say whether publishing takes a second person. Whoever edits may ask for it; only an owner does without."""
        wanted = self.body(SecondPersonIn)
        workflow = selectors.workflow_get(who=self.who, name=name)
        publishing.workflow_second_person(who=self.who, user=self.who.user, workflow=workflow, needed=wanted.needed)
        return self.answer(detail_of(self, name))


class WorkflowRollback(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="workflow_rollback",
        tags=[TAG],
        parameters=[NAME],
        request=RollbackIn,
        responses={200: WorkflowDetail},
    )
    def post(self, request: Request, name: str) -> Response:
        """Publish an earlier version again, as a new one; a draft is kept. Where a second person publishes, it becomes
        the draft, and its publication is asked for. 409 for one that cannot be gone back to, and for a draft that is in
        the way."""
        wanted = self.body(RollbackIn)
        workflow = selectors.workflow_get(who=self.who, name=name)
        returning.version_return(who=self.who, user=self.who.user, workflow=workflow, number=wanted.number)
        return self.answer(detail_of(self, name))


class WorkflowPause(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}

    @extend_schema(
        operation_id="workflow_pause", tags=[TAG], parameters=[NAME], request=None, responses={200: WorkflowDetail}
    )
    def post(self, request: Request, name: str) -> Response:
        """Let no trigger start the workflow. What runs goes on, and people and programs may start it."""
        defining.workflow_pause(who=self.who, workflow=selectors.workflow_get(who=self.who, name=name))
        return self.answer(detail_of(self, name))


class WorkflowResume(ApiView):
    permission = {"POST": WORKFLOWS_EDIT}

    @extend_schema(
        operation_id="workflow_resume", tags=[TAG], parameters=[NAME], request=None, responses={200: WorkflowDetail}
    )
    def post(self, request: Request, name: str) -> Response:
        """Let triggers start the workflow again."""
        defining.workflow_resume(who=self.who, workflow=selectors.workflow_get(who=self.who, name=name))
        return self.answer(detail_of(self, name))


def detail_of(view: ApiView, name: str, *, lock: bool = False) -> WorkflowDetail:
    """The workflow of this name as it is read. Raises `NotFound`."""
    return _detail(view, selectors.workflow_read(who=view.who, name=name, lock=lock))


def _detail(view: ApiView, workflow: Workflow) -> WorkflowDetail:
    return WorkflowDetail.of_triggers(workflow, selectors.triggers_list(who=view.who, workflow=workflow))


def definition_of(sent: DefinitionIn) -> Definition:
    """A definition that was sent. Raises `InvalidInput` with an issue for each place that is wrong."""
    if len(json.dumps(sent.definition)) > LARGEST:
        raise InvalidInput(f"A definition has at most {LARGEST // 1024} KiB. Nothing was stored.")
    try:
        return definition_parse(sent.definition)
    except RecursionError as error:
        issue = Issue(path="definition", message="Values lie too deep in each other.")
        raise InvalidInput("The definition cannot be read. Nothing was stored.", issues=[issue]) from error


def _number(version: int) -> int:
    """A number that a column may hold; there is no version of any other."""
    return version if version < 2**31 else 0
