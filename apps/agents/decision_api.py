"""What agents decided, over the API: read, reviewed, carried out, and on paper."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import decisions, doing, papers, reviews, selectors
from apps.agents.api import RawFile
from apps.agents.decision_schemas import (
    DecisionDetail,
    DecisionOut,
    DecisionsQuery,
    FeedbackIn,
    FeedbackList,
    FeedbackOut,
    ProposalOut,
    ReviewIn,
    RunDecisions,
)
from apps.agents.models import AgentDecision
from apps.agents.permissions import DECISIONS_FEEDBACK, DECISIONS_REVIEW, RUNS_VIEW
from apps.common.errors import Conflict
from apps.gateway.api import ApiView
from apps.gateway.pagination import CREATED_PARAMETERS, PAGE_PARAMETERS, Page
from apps.gateway.principals import Caller

TAG = "decisions"
_CODE = {"type": "string", "maxLength": 40, "examples": ["hold"]}
_PLACE = {"type": "integer", "minimum": 0, "maximum": 199, "examples": [0]}
POSITION = OpenApiParameter("position", _PLACE, OpenApiParameter.PATH, description="Of the decision in its run.")
ACTION = OpenApiParameter("action", _PLACE, OpenApiParameter.PATH, description="Of the proposal in its decision.")


class Decisions(ApiView):
    permission = {"GET": RUNS_VIEW}

    @extend_schema(
        operation_id="decisions_list",
        tags=[TAG],
        parameters=[
            OpenApiParameter(
                "agent",
                {"type": "string", "maxLength": 100, "examples": ["example.outlier_finder"]},
                description="Only decisions of this agent.",
            ),
            OpenApiParameter("verdict", _CODE, description="Only those where this verdict stands."),
            OpenApiParameter(
                "review",
                str,
                enum=["none", "wanted", "confirmed", "overridden"],
                description="Only those in this state: `wanted` ones wait for a person.",
            ),
            *CREATED_PARAMETERS,
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[DecisionOut]},
    )
    def get(self, request: Request) -> Response:
        """What agents decided, newest first."""
        narrow = decisions.DecisionFilter(**self.query(DecisionsQuery).model_dump())
        found = decisions.decisions_query(who=self.who, narrow=narrow)
        return self.page(found.annotate(reviews_made=Count("reviews")), DecisionOut.of)


class DecisionsOfRun(ApiView):
    permission = {"GET": RUNS_VIEW}

    @extend_schema(operation_id="run_decisions", tags=[TAG], responses={200: RunDecisions})
    def get(self, request: Request, id: UUID) -> Response:
        """What was decided in a run, with every review, what became of what is proposed, and what it came from."""
        run = selectors.run_get(who=self.who, id=id)
        rows = decisions.decisions_of(who=self.who, run=run)
        said, taken = decisions.reviews_by_decision(rows), decisions.actions_by_decision(rows)
        items = [DecisionDetail.of_all(row, said.get(row.id, []), taken.get(row.id, {})) for row in rows]
        return self.answer(RunDecisions(items=items, record=decisions.record_of(run)))


class DecisionReview(ApiView):
    permission = {"POST": DECISIONS_REVIEW}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="decision_review",
        tags=[TAG],
        parameters=[POSITION],
        request=ReviewIn,
        responses={200: OpenApiResponse(DecisionDetail, description="Kept: this is how the decision stands now.")},
    )
    def post(self, request: Request, id: UUID, position: int) -> Response:
        """Confirm or override a decision. The agent's own verdict is kept; to undo it, review it once more.

        403 for the account of a program: people review. 409 where somebody has reviewed it that you have not seen: the
        answer says who and what; and where a key confirms what proposes things that a person has to have done.
        """
        wanted = self.body(ReviewIn)
        run = selectors.run_get(who=self.who, id=id)
        decision = decisions.decision_get(who=self.who, run=run, position=position)
        if wanted.verdict == decision.verdict and not _is_person(self.who) and doing.waits_for_person(decision):
            raise doing.NeedsPerson("What it proposes follows from words of others; your review was not stored.")
        reviews.decision_review(who=self.who, user=self.who.user, decision=decision, **wanted.model_dump())
        fresh = decisions.decision_get(who=self.who, run=run, position=position)
        return self.answer(_detail(fresh))


class DecisionAction(ApiView):
    permission = {"POST": RUNS_VIEW}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="decision_act",
        tags=[TAG],
        parameters=[POSITION, ACTION],
        request=None,
        responses={200: OpenApiResponse(ProposalOut, description="Done, or failed: `status` and `outcome` say which.")},
    )
    def post(self, request: Request, id: UUID, position: int, action: int) -> Response:
        """Have a proposed action done, with your rights. It is done once, however often it is asked for.

        403 where you may not do such a thing yourself. What failed may be tried again.
        """
        run = selectors.run_get(who=self.who, id=id)
        decision = decisions.decision_get(who=self.who, run=run, position=position)
        taken = doing.action_do(
            who=self.who, user=self.who.user, decision=decision, position=action, is_person=_is_person(self.who)
        )
        return self.answer(ProposalOut.of(decisions.decision_of(decision), action, taken))


class RunFeedback(ApiView):
    permission = {"GET": RUNS_VIEW, "POST": DECISIONS_FEEDBACK}
    problems = {"POST": [Conflict]}

    @extend_schema(operation_id="run_feedback_list", tags=[TAG], responses={200: FeedbackList})
    def get(self, request: Request, id: UUID) -> Response:
        """What people say of a run's result."""
        given = decisions.feedback_of(who=self.who, run=selectors.run_get(who=self.who, id=id))
        return self.answer(FeedbackList(items=[FeedbackOut.of(each) for each in given]))

    @extend_schema(operation_id="run_feedback_give", tags=[TAG], request=FeedbackIn, responses={200: FeedbackOut})
    def post(self, request: Request, id: UUID) -> Response:
        """Say whether a run's result is right. Your last word holds. 409 while there is no result."""
        wanted = self.body(FeedbackIn)
        run = selectors.run_get(who=self.who, id=id)
        given = reviews.feedback_give(who=self.who, user=self.who.user, run=run, **wanted.model_dump())
        return self.answer(FeedbackOut.of(given))


class Html(RawFile):
    media_type, format = "text/html", "html"


class Pdf(RawFile):
    media_type, format = "application/pdf", "pdf"


class DecisionHtml(ApiView):
    permission = {"GET": RUNS_VIEW}
    renderer_classes = [Html]

    @extend_schema(
        operation_id="decision_record_html",
        tags=[TAG],
        parameters=[POSITION],
        responses={(200, Html.media_type): OpenApiTypes.STR},
    )
    def get(self, request: Request, id: UUID, position: int) -> HttpResponse:
        """A decision with all that it rests on, as one HTML page to keep. The same record gives the same bytes."""
        run = selectors.run_get(who=self.who, id=id)
        return papers.download(who=self.who, run=run, position=position, sort="html")


class DecisionPdf(ApiView):
    permission = {"GET": RUNS_VIEW}
    renderer_classes = [Pdf]

    @extend_schema(
        operation_id="decision_record_pdf",
        tags=[TAG],
        parameters=[POSITION],
        responses={(200, Pdf.media_type): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, id: UUID, position: int) -> HttpResponse:
        """A decision with all that it rests on, as a PDF to keep. The same record gives the same bytes."""
        run = selectors.run_get(who=self.who, id=id)
        return papers.download(who=self.who, run=run, position=position, sort="pdf")


def _is_person(who: Caller) -> bool:
    """Whether a person asks, and no program with a key or an account of its own."""
    return who.key is None and not who.user.is_service


def _detail(row: AgentDecision) -> DecisionDetail:
    return DecisionDetail.of_all(row, decisions.reviews_of(row), decisions.actions_of(row))
