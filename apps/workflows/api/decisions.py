"""What runs of workflows ask of people, what they answer, and who stands in for whom."""

from __future__ import annotations

from uuid import UUID

from django.db.models import prefetch_related_objects
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.common.errors import Conflict, InvalidInput, Issue, PermissionDenied
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page
from apps.workflows import selectors
from apps.workflows.approvals import delegating
from apps.workflows.approvals.assigning import may_decide
from apps.workflows.approvals.deciding import approval_decide, approvals_decide_many
from apps.workflows.models import Approval
from apps.workflows.permissions import APPROVALS_DECIDE, WORKFLOWS_VIEW
from apps.workflows.schemas.decisions import (
    TOLD,
    ApprovalDetail,
    ApprovalOut,
    ApprovalsQuery,
    DecidedMany,
    DecidedOne,
    Decision,
    DecisionOfMany,
    DelegationIn,
    DelegationOut,
    holder_of,
)
from apps.workflows.schemas.workflows import ID

TAG = "approvals"


class Approvals(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(
        operation_id="approvals_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter(
                "status",
                {"type": "string", "enum": ["open", "decided", "withdrawn", "all"], "default": "open"},
                description="Only questions in this state: those that are open, unless another is named.",
            ),
            OpenApiParameter(
                "mine", {"type": "boolean", "default": False}, description="Only those that you may answer."
            ),
            OpenApiParameter(
                "run", {"type": "string", "format": "uuid", "examples": [ID]}, description="Only those of this run."
            ),
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[ApprovalOut]},
    )
    def get(self, request: Request) -> Response:
        """The questions of runs to people: the open ones, newest first."""
        wanted = self.query(ApprovalsQuery)
        found = selectors.approvals_query(
            who=self.who,
            user=self.who.user,
            status="" if wanted.status == "all" else wanted.status,
            mine=wanted.mine,
            run=wanted.run,
        )
        return self.page(found.prefetch_related(*TOLD), ApprovalOut.of)


class ApprovalOne(ApiView):
    permission = {"GET": WORKFLOWS_VIEW}

    @extend_schema(operation_id="approval_get", tags=[TAG], responses={200: ApprovalDetail})
    def get(self, request: Request, id: UUID) -> Response:
        """One question: what is to be filled in, what was answered until now, and whether you may answer."""
        return _detail(self, id)


class ApprovalDecision(ApiView):
    permission = {"POST": APPROVALS_DECIDE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="approval_decide",
        tags=[TAG],
        request=Decision,
        responses={200: OpenApiResponse(ApprovalDetail, description="Recorded: what decides it lets the run go on.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Answer a question, for good. A no needs a comment; a yes needs what the question's `form` asks for.

        One no decides, and so does the yes that makes the quorum. 403 for who is not asked or has a part in what is
        asked, and for the account of a program: people answer. 409 when it was answered, its time is over, or nobody
        waits any more; it says who answered what.
        """
        wanted = self.body(Decision)
        approval = selectors.approval_get(who=self.who, id=id)
        approval_decide(
            who=self.who,
            user=self.who.user,
            approval=approval,
            approved=wanted.approved,
            comment=wanted.comment,
            answers=wanted.answers,
            via="api",
            on_behalf_of=self._holder(approval, wanted.on_behalf_of),
        )
        return _detail(self, id)

    def _holder(self, approval: Approval, address: str | None) -> User | None:
        """The member of this address, where their right may be used; of any other address nothing is told."""
        if address is None:
            return None
        found = holder_of(may_decide(who=self.who, user=self.who.user, approval=approval), address)
        if found is None:
            raise PermissionDenied(
                "You may not answer this question for that member; nothing was decided.",
                remedy="Read the question: `you.on_behalf_of` names those for whom you may answer.",
            )
        return found.holder


class ApprovalDecisions(ApiView):
    permission = {"POST": APPROVALS_DECIDE}

    @extend_schema(operation_id="approvals_decide", tags=[TAG], request=DecisionOfMany, responses={200: DecidedMany})
    def post(self, request: Request) -> Response:
        """Answer many questions of low risk alike, each for itself: what one refuses leaves the others as they are.

        Questions of other risk and those with a form are refused, each with its reason.
        """
        wanted = self.body(DecisionOfMany)
        ids = list(dict.fromkeys(wanted.ids))
        found = selectors.approvals_query(who=self.who, user=self.who.user, status="").in_bulk(ids)
        answered = {}
        if found:
            told = [found[id] for id in ids if id in found]
            made = approvals_decide_many(
                who=self.who, user=self.who.user, approvals=told, approved=wanted.approved, comment=wanted.comment
            )
            answered = {each.id: each for each in made}
        return self.answer(DecidedMany(items=[DecidedOne.of(id, answered.get(id)) for id in ids]))


class Delegations(ApiView):
    permission = {"GET": APPROVALS_DECIDE, "POST": APPROVALS_DECIDE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="delegations_list", tags=[TAG], parameters=PAGE_PARAMETERS, responses={200: Page[DelegationOut]}
    )
    def get(self, request: Request) -> Response:
        """Whom you let answer in your name, and who lets you answer in theirs, newest first; also what is over."""
        return self.page(delegating.delegations_query(who=self.who, user=self.who.user), DelegationOut.of)

    @extend_schema(
        operation_id="delegation_create",
        tags=[TAG],
        parameters=[location("the delegation", 201)],
        request=DelegationIn,
        responses={201: OpenApiResponse(DelegationOut, description="Made: it holds from its beginning to its end.")},
    )
    def post(self, request: Request) -> Response:
        """Let another member answer what you are asked, for a time. You keep your right; whoever answers first, counts.

        What was lent to you cannot be lent on. 409 where the member stands in for you in that time already.
        """
        wanted = self.body(DelegationIn)
        taker = next(
            (
                each
                for each in delegating.takers_for(who=self.who, user=self.who.user)
                if each.email.lower() == wanted.taker.strip().lower()
            ),
            None,
        )
        if taker is None:
            issue = Issue(path="taker", message="This is the address of no other active member who may decide.")
            raise InvalidInput("The delegation was not made.", issues=[issue])
        made = delegating.delegation_create(
            who=self.who,
            giver=self.who.user,
            taker=taker,
            begins_at=wanted.begins_at,
            ends_at=wanted.ends_at,
            reason=wanted.reason,
        )
        return self.answer(DelegationOut.of(made), 201, Location=reverse("workflows_api:delegation", args=[made.pk]))


class DelegationOne(ApiView):
    permission = {"GET": APPROVALS_DECIDE}

    @extend_schema(operation_id="delegation_get", tags=[TAG], responses={200: DelegationOut})
    def get(self, request: Request, id: UUID) -> Response:
        """One delegation that you gave or took."""
        return self.answer(DelegationOut.of(delegating.delegation_get(who=self.who, user=self.who.user, id=id)))


class DelegationRevoke(ApiView):
    permission = {"POST": APPROVALS_DECIDE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="delegation_revoke",
        tags=[TAG],
        request=None,
        responses={200: OpenApiResponse(DelegationOut, description="Over from now on; what was answered by it stays.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Take back a delegation that you gave, or give back one that you took. 409 where it is over already."""
        found = delegating.delegation_get(who=self.who, user=self.who.user, id=id)
        found = delegating.delegation_revoke(who=self.who, user=self.who.user, delegation=found)
        return self.answer(DelegationOut.of(found))


def _detail(view: ApiView, id: UUID) -> Response:
    approval = selectors.approval_get(who=view.who, id=id)
    prefetch_related_objects([approval], *TOLD)
    return view.answer(ApprovalDetail.told(approval, may_decide(who=view.who, user=view.who.user, approval=approval)))
