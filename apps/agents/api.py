"""Agents and their runs over the API."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import ValidationError
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import live, selectors, services
from apps.agents.downloads import result_download
from apps.agents.models import AgentRun
from apps.agents.permissions import AGENTS_RUN, AGENTS_VIEW, RUNS_CANCEL, RUNS_VIEW
from apps.agents.schemas import (
    LONGEST_WAIT,
    AgentList,
    AgentOut,
    RunDetail,
    RunOut,
    RunQuery,
    RunsCancel,
    RunsCancelled,
    RunsQuery,
    RunsStart,
    RunsStarted,
    RunStart,
    RunUpload,
)
from apps.common.errors import Conflict, InvalidInput
from apps.gateway import streams
from apps.gateway.answers import location
from apps.gateway.api import ApiView
from apps.gateway.authentication import BearerAuthentication, ConsoleSession, TicketAuthentication
from apps.gateway.limits import START
from apps.gateway.pagination import CREATED_PARAMETERS, PAGE_PARAMETERS, Page
from apps.gateway.parsers import FileBody, JsonBody
from apps.gateway.waiting import hold

_STREAM = (
    "retry: 3000\n\n"
    "event: snapshot\nid: 7\n"
    'data: {"v":1,"seq":7,"run":"0192f3a4-b5c6-7d8e-9f00-112233445566","ref":"R-12","agent":"example.outlier_finder",'
    '"status":"running","done":120,"total":359,"percent":33,"note":"Looking at 120","at":"2026-11-25T16:40:03Z"}\n\n'
)


_KEY = {"type": "string", "examples": ["example.outlier_finder"]}
KEY = OpenApiParameter("key", _KEY, OpenApiParameter.PATH, description="The key of an agent, from the list of agents.")


class Agents(ApiView):
    permission = {"GET": AGENTS_VIEW}

    @extend_schema(operation_id="agents_list", tags=["agents"], responses={200: AgentList})
    def get(self, request: Request) -> Response:
        """The agents of your industries, with the schemas of what they take and give."""
        return self.answer(AgentList(items=[AgentOut.of(agent) for agent in selectors.agents_list(who=self.who)]))


class AgentOne(ApiView):
    permission = {"GET": AGENTS_VIEW}

    @extend_schema(operation_id="agent_get", tags=["agents"], parameters=[KEY], responses={200: AgentOut})
    def get(self, request: Request, key: str) -> Response:
        """One agent."""
        return self.answer(AgentOut.of(selectors.agent_get(who=self.who, key=key)))


class AgentRuns(ApiView):
    permission = {"POST": AGENTS_RUN}
    parser_classes = [JsonBody, FileBody]
    route_class = {"POST": START}

    @extend_schema(
        operation_id="run_start",
        tags=["runs"],
        parameters=[KEY, location("the run", 202)],
        request={"application/json": RunStart, "multipart/form-data": RunUpload},
        responses={
            200: OpenApiResponse(RunDetail, description="It has ended: the result of an equal run was at hand."),
            202: OpenApiResponse(RunOut, description="Accepted: the run finishes, or says why it did not."),
        },
    )
    def post(self, request: Request, key: str) -> Response:
        """Start a run. It is accepted once the agent has looked at its input, and then finishes whatever happens.

        Send the input as JSON, or a file as a form: it is kept as a dataset and feeds the agent's table. An input that
        the agent cannot work on is refused with an issue for each place; then neither the run nor the file is stored.
        Where an equal run has ended a short time ago, its result is the answer, unless `fresh` is asked for.
        """
        agent = selectors.agent_get(who=self.who, key=key)
        by: dict[str, Any] = {"agent": agent, "who": self.who, "user": self.who.user, "origin": "api"}
        if str(request.content_type).startswith("multipart/"):
            wanted = self._form()
            file = wanted.file
            run = services.run_start_from_file(
                data=wanted.input, file=file, filename=file.name or "", sheet=wanted.sheet, **by
            )
        else:
            asked = self.body(RunStart)
            run = services.run_start(data=asked.input, fresh=asked.fresh, **by)
        place = reverse("agents_api:run", args=[run.pk])
        if run.status == AgentRun.Status.SUCCEEDED:
            return self.answer(RunDetail.of_output(run, selectors.run_output(run)), Location=place)
        return self.answer(RunOut.of(run), 202, Location=place)

    def _form(self) -> RunUpload:
        try:
            return RunUpload.model_validate(cast("QueryDict", self.request.data).dict())
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error


class AgentRunsBulk(ApiView):
    permission = {"POST": AGENTS_RUN}
    route_class = {"POST": START}

    @extend_schema(
        operation_id="runs_start",
        tags=["runs"],
        parameters=[KEY],
        request=RunsStart,
        responses={202: OpenApiResponse(RunsStarted, description="All accepted: each finishes, or says why not.")},
    )
    def post(self, request: Request, key: str) -> Response:
        """Start a run for each of many inputs: all of them, or none.

        Each counts as one that was started. Where inputs are refused, there is an issue for each place, by the number
        of its input (`inputs.3.history`), and no run is started.
        """
        agent = selectors.agent_get(who=self.who, key=key)
        inputs = self.body(RunsStart).inputs
        self.count_more(len(inputs) - 1)
        runs = services.runs_start(agent=agent, inputs=inputs, user=self.who.user, who=self.who, origin="api")
        return self.answer(RunsStarted(items=[RunOut.of(run) for run in runs]), 202)


class RunsCancellation(ApiView):
    permission = {"POST": RUNS_CANCEL}

    @extend_schema(operation_id="runs_cancel", tags=["runs"], request=RunsCancel, responses={200: RunsCancelled})
    def post(self, request: Request) -> Response:
        """Cancel runs, each as by itself, and tell what became of each."""
        ids = list(dict.fromkeys(self.body(RunsCancel).ids))
        outcomes = services.runs_cancel(runs=selectors.runs_by_id(who=self.who, ids=ids).values())
        told = [{"id": id, "outcome": outcomes.get(id, "not_found")} for id in ids]
        return self.answer(RunsCancelled.model_validate({"items": told}))


class Runs(ApiView):
    permission = {"GET": RUNS_VIEW}
    orders = ("created_at",)

    @extend_schema(
        operation_id="runs_list",
        tags=["runs"],
        parameters=[
            OpenApiParameter("status", str, enum=AgentRun.Status.values, description="Only runs in this state."),
            OpenApiParameter("agent", _KEY | {"maxLength": 100}, description="Only runs of this agent."),
            OpenApiParameter(
                "verdict",
                {"type": "string", "maxLength": 40, "examples": ["hold"]},
                description="Only runs whose first decision stands at this verdict.",
            ),
            *CREATED_PARAMETERS,
            *PAGE_PARAMETERS,
        ],
        responses={200: Page[RunOut]},
    )
    def get(self, request: Request) -> Response:
        """The runs, without their results: newest first, or in the order asked for."""
        narrow = selectors.RunFilter(**self.query(RunsQuery).model_dump())
        return self.page(selectors.runs_query(who=self.who, narrow=narrow), RunOut.of)


class RunOne(ApiView):
    permission = {"GET": RUNS_VIEW}

    @extend_schema(
        operation_id="run_get",
        tags=["runs"],
        parameters=[
            OpenApiParameter(
                "wait",
                {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT, "default": 0},
                description="Answer when the run has ended, or after so many seconds. An answer may come earlier with "
                "a run that is still open: look at `status`, and ask again.",
            )
        ],
        responses={200: RunDetail},
    )
    def get(self, request: Request, id: UUID) -> Response:
        """One run, with its result once it has succeeded."""
        wait = self.query(RunQuery).wait
        run = selectors.run_get(who=self.who, id=id, with_result=True)
        if wait and run.is_open:
            hold(
                request._request,
                topic=live.end_topic(run.pk),
                seconds=wait,
                look=lambda: not selectors.run_is_open(run.pk),
            )
            run = selectors.run_get(who=self.who, id=id, with_result=True)
        return self.answer(RunDetail.of_output(run, selectors.run_output(run)))


class RunEvents(ApiView):
    permission = {"GET": RUNS_VIEW}
    authentication_classes = [BearerAuthentication, TicketAuthentication, ConsoleSession]
    renderer_classes = [streams.EventStream]

    @extend_schema(
        operation_id="run_events",
        tags=["runs"],
        parameters=[streams.LAST_EVENT_ID_PARAMETER],
        responses={
            (200, streams.MEDIA_TYPE): OpenApiTypes.STR,
            204: OpenApiResponse(description="The run has ended, and its last event is the one that you have."),
        },
        examples=[OpenApiExample("A run that succeeds", _STREAM, media_type=streams.MEDIA_TYPE, response_only=True)],
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """What happens to a run, as it happens: an event stream, as `EventSource` of browsers reads it.

        The first event, `snapshot`, is the state; then each change comes as `change`, and the one that ends the run as
        `end`. The data of each is the same as on sockets. A line that begins with a colon is a sign of life.
        """
        feed = streams.Feed(
            topic=live.topic(id),
            permission=RUNS_VIEW,
            read=lambda who: live.event(selectors.run_get(who=who, id=id)),
            is_last=live.is_end,
        )
        return streams.stream(request, self.who, feed)


class RunCancel(ApiView):
    permission = {"POST": RUNS_CANCEL}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="run_cancel",
        tags=["runs"],
        request=None,
        responses={202: OpenApiResponse(RunOut, description="Cancelled, or to be at the next progress of its agent.")},
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Cancel a run: at once when it waits, else when its agent next tells its progress. 409 when it has ended."""
        run = services.run_cancel(run=selectors.run_get(who=self.who, id=id))
        return self.answer(RunOut.of(run), 202)


class RawFile(BaseRenderer):
    """Names a format; the view writes it itself."""

    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return data


class Csv(RawFile):
    media_type, format = "text/csv", "csv"


class Xlsx(RawFile):
    media_type, format = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"


class RunResultCsv(ApiView):
    permission = {"GET": RUNS_VIEW}
    problems = {"GET": [Conflict]}
    renderer_classes = [Csv]

    @extend_schema(operation_id="run_result_csv", tags=["runs"], responses={(200, Csv.media_type): OpenApiTypes.STR})
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The result as one flat table: CSV (RFC 4180) in UTF-8. 409 while there is none.

        Text that a spreadsheet program would run as a formula begins with an apostrophe.
        """
        return result_download(who=self.who, run=selectors.run_get(who=self.who, id=id), form="csv")


class RunResultXlsx(ApiView):
    permission = {"GET": RUNS_VIEW}
    problems = {"GET": [Conflict]}
    renderer_classes = [Xlsx]

    @extend_schema(
        operation_id="run_result_xlsx", tags=["runs"], responses={(200, Xlsx.media_type): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The result as one flat table: a workbook with one sheet. 409 while there is none."""
        return result_download(who=self.who, run=selectors.run_get(who=self.who, id=id), form="xlsx")
