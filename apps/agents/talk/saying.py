"""How something comes to be said about a result: a model is asked within limits, and its numbers are looked up.

Without a model, or where it fails, an explanation is given in the agent's own words, and says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.utils import timezone

from apps.accounts.models import User
from apps.agents import decisions, selectors
from apps.agents.contract import Agent
from apps.agents.ends import storable
from apps.agents.models import AgentMessage, AgentRun
from apps.agents.permissions import RUNS_VIEW
from apps.agents.talk import plain
from apps.agents.talk.asking import ModelRefused, NoModel, purpose_of
from apps.agents.talk.digest import Digest, digest_of
from apps.agents.talk.places import place_of
from apps.agents.talk.prompts import ANSWER, DRAFT, EXPLAIN
from apps.agents.talk.reading import ResultReader
from apps.agents.talk.said import LONGEST_TEXT, Asked, Mark, Read, Said, asked_of, said_of
from apps.ai import calling, loops, numbercheck
from apps.ai.contract import Request
from apps.ai.failures import ModelStopped
from apps.ai.masking import personal_values
from apps.ai.permissions import MODELS_USE
from apps.ai.prompts import current
from apps.ai.tools import ToolContext
from apps.common.errors import PermissionDenied, Problem
from apps.common.permissions import Principal, demand

LIMITS: Final = loops.Limits(calls=5, uses=8, tokens=60_000, seconds=120.0)
"""Of one message: people wait for it."""
EARLIER: Final = 4
"""Messages before a question that the model is told of, so that one may ask on."""
_EARLIER_CHARACTERS: Final = 2_000
_CUT_LISTS: Final = ("rows", "decisions", "reasons", "evidence", "weighed_as_well", "read")
PROMPTS: Final = {"explanation": EXPLAIN, "answer": ANSWER, "draft": DRAFT}


def said_about(
    message: AgentMessage,
    *,
    told: Callable[[str], None],
    anew: Callable[[], None] = lambda: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Said:
    """What comes to be said for a message, its text streamed to `told`.

    Raises `PermissionDenied` where the person may not ask any more; `NoModel` and what asking a model raises, unless
    an explanation in the agent's own words can take its place.
    """
    asked = asked_of(message)
    agent, digest = _digest(_asker(message), message.run)
    try:
        return _by_model(message, asked, agent, digest, told=told, anew=anew, stopping=stopping)
    except ModelStopped:
        raise
    except Problem as problem:
        if asked.kind != "explanation":
            raise
        why = "" if isinstance(problem, NoModel) else f"{problem.title}. {problem.detail}"
        return Said(text=plain.explanation_of(digest)[:LONGEST_TEXT], why_plain=why)


def _asker(message: AgentMessage) -> User:
    """Whoever asked, who may have lost the right since, or be gone. Raises `PermissionDenied`."""
    if message.by is None or not message.by.is_active:
        raise PermissionDenied("Whoever asked is no longer a member. Nothing was asked.")
    for code in (RUNS_VIEW, MODELS_USE):
        demand(message.by, code)
    return message.by


def _digest(who: Principal, run: AgentRun) -> tuple[Agent[Any, Any, Any], Digest]:
    agent, report = selectors.run_report(run)
    rows = decisions.decisions_of(who=who, run=run)
    return agent, digest_of(run, agent, report, rows, decisions.record_of(run))


def _by_model(
    message: AgentMessage,
    asked: Asked,
    agent: Agent[Any, Any, Any],
    digest: Digest,
    *,
    told: Callable[[str], None],
    anew: Callable[[], None],
    stopping: Callable[[], bool],
) -> Said:
    run, key = message.run, PROMPTS[asked.kind].key
    wording, earlier = current(key), _earlier(message)
    purpose = purpose_of(key, run.agent_key, user_id=message.by_id, prompt=wording.pin, run=run.pk, is_demo=run.is_demo)
    model = calling.model_for(purpose, seconds=LIMITS.seconds, stopping=stopping)
    if model is None:
        raise NoModel
    told_of = tuple(wording.render(**_told(asked, agent, digest, earlier)))
    request = Request(messages=told_of, personal=personal_values(run.input, agent.input_type))
    ctx = ToolContext(
        who=_asker(message), user=message.by, now=timezone.now(), origin="talk", seconds=LIMITS.seconds,
        stopping=stopping,
    )  # fmt: skip
    result = loops.run(model, request, ResultReader(run, digest.tables).tools(), LIMITS, ctx, told, anew=anew)
    text = storable(result.text.strip(), LONGEST_TEXT)
    if result.refusal or not text:
        raise ModelRefused(result.refusal)
    reads = [
        Read.of(use.tool.key, use.tool.title, use.call.arguments, use.answer)
        for use in result.uses
        if use.tool is not None and use.answer is not None
    ]
    before = [read.model_copy(update={"is_earlier": True}) for each in earlier for read in said_of(each).reads]
    said = Said(text=text, model=model.name, prompt=wording.pin, reads=[*reads, *before], is_cut=result.is_cut)
    return _checked(said, digest)


def _told(asked: Asked, agent: Agent[Any, Any, Any], digest: Digest, earlier: Sequence[AgentMessage]) -> dict[str, Any]:
    """What the prompt is filled with."""
    told: dict[str, Any] = {"agent": f"{agent.title}: {agent.summary}", "result": digest.data}
    if asked.kind == "answer":
        talk = [
            {"asked": asked_of(each).question, "said": said_of(each).text[:_EARLIER_CHARACTERS]} for each in earlier
        ]
        told |= {"question": asked.question, "earlier": talk}
    elif asked.kind == "draft":
        told |= {"purpose": asked.purpose, "audience": asked.audience or "whom it concerns", "tone": asked.tone}
    return told


def _earlier(message: AgentMessage) -> list[AgentMessage]:
    """The last questions of the same person about the run, and the answers, oldest first."""
    if message.kind != AgentMessage.Kind.ANSWER:
        return []
    answered = AgentMessage.objects.filter(
        run=message.run_id,
        by=message.by_id,
        number__lt=message.number,
        kind=AgentMessage.Kind.ANSWER,
        status=AgentMessage.Status.SUCCEEDED,
    )
    return list(answered.order_by("-number")[:EARLIER])[::-1]


# ----------------------------------------------------------------------------------------------------------- numbers


def checked(who: Principal, run: AgentRun, said: Said) -> Said:
    """What is said with its numbers looked up anew in the result of the run, and in what was read for it."""
    return _checked(said, _digest(who, run)[1])


def sources_of(digest: Digest, said: Said) -> dict[str, Any]:
    """All that the numbers of a text may come from."""
    return {"run": digest.data, "read": [each.data for each in said.reads]}


def _figures(sources: dict[str, Any]) -> list[numbercheck.Figure]:
    """What may be quoted. Of a list that may be cut its length says nothing: how many there are is told beside it."""
    every = numbercheck.figures_of(sources)
    return [each for each in every if each.what != "count" or not each.path.endswith(_CUT_LISTS)]


def _checked(said: Said, digest: Digest) -> Said:
    sources = sources_of(digest, said)
    marks = [_mark(each, sources) for each in numbercheck.check(said.text, _figures(sources))]
    return said.model_copy(update={"marks": marks, "checked": True})


def _mark(each: numbercheck.Checked, sources: dict[str, Any]) -> Mark:
    verified = each.verdict is not numbercheck.Verdict.UNMATCHED
    title, url = place_of(sources, each.source_path) if each.source_path else ("", "")
    return Mark(
        start=each.start, end=each.end, verified=verified, source=each.source_path, title=title, url=url,
        is_plain=each.verdict is numbercheck.Verdict.PLAIN,
    )  # fmt: skip
