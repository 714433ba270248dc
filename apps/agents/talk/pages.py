"""Console pages: a form filled in from plain words, and what is asked about the result of a run."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from pydantic import ValidationError

from apps.agents import auditing, selectors
from apps.agents.downloads import download_note
from apps.agents.forms import InputForm
from apps.agents.models import AgentMessage, AgentRun
from apps.agents.permissions import AGENTS_VIEW, RUNS_VIEW
from apps.agents.talk import filling, limits, live, services
from apps.agents.talk.said import Asked
from apps.agents.talk.selectors import message_get, messages_query
from apps.agents.talk.shown import Form, Shown, file_of
from apps.agents.views import AgentPage, RunPage
from apps.ai.permissions import MODELS_USE
from apps.common.errors import Conflict, InvalidInput, Problem
from apps.console.views import ConsoleView


class AgentFill(AgentPage):
    """The page of an agent with its form filled in from words. Nothing is started."""

    permission = {"GET": AGENTS_VIEW, "POST": MODELS_USE}

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """Who comes back to the address begins anew: words are kept nowhere."""
        return redirect("agents:agent", key=selectors.agent_get(who=self.who, key=key).key)

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        agent = selectors.agent_get(who=self.who, key=key)
        text = request.POST.get("words", "")
        form = InputForm(agent, {}, who=self.who)
        context: dict[str, Any] = {"words": text}
        status = 200
        try:
            limits.asks_count(self.user)
            filled = filling.fill(who=self.who, user=self.user, agent=agent, text=text)
            form = InputForm.again(agent, filled.data, who=self.who)
            form.look()
            context["filled"] = filling.Shown(agent, filled)
        except Problem as problem:
            context["fill_problem"], status = problem, problem.status
        self.extra = context
        return self._show(agent, form, status=status)


class RunMessages(RunPage):
    """Asks something about the result of a run; what was asked is then on the page of the run."""

    permission = {"GET": RUNS_VIEW, "POST": MODELS_USE}

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        return redirect(f"{reverse('agents:run', args=[run.number])}#talk")

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        entered = {name: request.POST.get(name, "") for name in ("kind", "question", "audience", "purpose", "tone")}
        try:
            asked = asked_parse({name: value for name, value in entered.items() if value})
            limits.asks_count(self.user)
            message = services.message_create(who=self.who, user=self.user, run=run, asked=asked)
        except Problem as problem:
            return self._show(run, {"talk_problem": problem, "entered": entered}, problem.status)
        return redirect(f"{reverse('agents:run', args=[number])}#message-{message.number}")


def asked_parse(data: dict[str, Any]) -> Asked:
    """What is asked, as it was entered. Raises `InvalidInput`."""
    try:
        return Asked.model_validate(data)
    except ValidationError as error:
        problem = InvalidInput.from_pydantic(error)
        told = problem.issues[0].message.removeprefix("Value error, ")
        raise InvalidInput(f"{told} Nothing was asked.", issues=problem.issues) from error


class RunMessagesSnapshot(ConsoleView):
    """The messages about a run as the socket tells them: what a page reads after a gap, or when it polls."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        run = selectors.run_get(who=self.who, number=number)
        return JsonResponse({"events": [live.state(each) for each in messages_query(who=self.who, run=run)]})


class RunMessageCancel(ConsoleView):
    permission = {"POST": MODELS_USE}

    def post(self, request: HttpRequest, number: int, message: int) -> HttpResponse:
        found = _message(self, number, message)
        with suppress(Conflict):  # it has ended, which is what was wanted
            services.message_cancel(who=self.who, message=found)
        return redirect(_place(found))


class RunMessageChange(RunPage):
    """Keeps a draft as a person has changed it."""

    permission = {"GET": RUNS_VIEW, "POST": MODELS_USE}

    def get(self, request: HttpRequest, number: int, message: int) -> HttpResponse:  # type: ignore[override]
        return redirect(_place(_message(self, number, message)))

    def post(self, request: HttpRequest, number: int, message: int) -> HttpResponse:  # type: ignore[override]
        found, text = _message(self, number, message), request.POST.get("text", "")
        seen = request.POST.get("seq", "")
        try:
            with transaction.atomic():
                held = message_get(who=self.who, run=found.run, number=message, lock=True)
                if seen != str(held.seq):
                    raise Conflict(
                        "Somebody else has changed the draft since you opened it. Yours was not kept.",
                        remedy="Copy what you have written, look at the draft as it is now, and change it again.",
                    )
                services.draft_change(who=self.who, message=held, text=text)
        except Problem as problem:
            more = {"talk_problem": problem, "changing": message, "changed_text": text}
            return self._show(found.run, more, problem.status)
        return redirect(_place(found))


class RunMessageFile(ConsoleView):
    """A text as a file: what its numbers are worth stands above it, and behind each that is not from the result."""

    permission = RUNS_VIEW

    def get(self, request: HttpRequest, number: int, message: int, written: Form) -> HttpResponse:
        found = _message(self, int(number), int(message))
        if found.status != AgentMessage.Status.SUCCEEDED:
            raise Conflict("There is no text yet. Nothing was downloaded.", remedy="Wait until it is written.")
        subject, what = auditing.run_subject(found.run), f"text {found.number} about {found.run.ref}"
        download_note(who=self.who, subject=subject, what=what, form=written)
        kinds: dict[Literal["txt", "md"], str] = {"txt": "text/plain", "md": "text/markdown"}
        answer = HttpResponse(file_of(Shown.of(found), written), content_type=f"{kinds[written]}; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{found.run.ref}-{found.kind}-{found.number}.{written}"'
        return answer


def _message(view: ConsoleView, number: int, message: int) -> AgentMessage:
    run: AgentRun = selectors.run_get(who=view.who, number=number)
    return message_get(who=view.who, run=run, number=message)


def _place(message: AgentMessage) -> str:
    return f"{reverse('agents:run', args=[message.run.number])}#message-{message.number}"
