"""Runs, batches, evaluations and texts about results that were given up, and watches whose looks were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.urls import reverse

from apps.accounts.models import User
from apps.agents.batches import services as batches
from apps.agents.drift import mails, watching
from apps.agents.evaluations import services as evaluations
from apps.agents.finding import agent_shown
from apps.agents.models import AgentBatch, AgentEvaluation, AgentMessage, AgentRun, AgentWatch
from apps.agents.permissions import RUNS_CANCEL
from apps.agents.services import KIND
from apps.agents.talk import services as talk
from apps.ai.permissions import MODELS_USE
from apps.dispatch.letters import LetterKind, Subject, letter_kind


def _title(key: str) -> str:
    agent = agent_shown(key)
    return agent.title if agent else key


def _runs(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = AgentRun.objects.filter(pk__in=ids).values_list("pk", "number", "agent_key")
    return {id: Subject(f"R-{number} {_title(key)}", reverse("agents:run", args=[number])) for id, number, key in found}


def _batches(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = AgentBatch.objects.filter(pk__in=ids).values_list("pk", "number", "agent_key")
    return {
        id: Subject(f"B-{number} {_title(key)}", reverse("agents:batch", args=[number])) for id, number, key in found
    }


def _evaluations(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = AgentEvaluation.objects.filter(pk__in=ids).values_list("pk", "agent_key")
    return {id: Subject(_title(key), reverse("agents:evaluation", args=[key, id])) for id, key in found}


def _watches(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    keys = {watching.work_id(key): key for key in AgentWatch.objects.values_list("agent_key", flat=True)}
    return {id: Subject(_title(keys[id]), reverse("agents:drift", args=[keys[id]])) for id in ids if id in keys}


def _drift_mails(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    return {user.pk: Subject(str(user), reverse("agents:agents")) for user in User.objects.filter(pk__in=ids)}


def _messages(ids: Collection[UUID]) -> Mapping[UUID, Subject]:
    found = AgentMessage.objects.filter(pk__in=ids).values_list("pk", "kind", "number", "run__number")
    return {
        id: Subject(
            f"{AgentMessage.Kind(kind).label} about R-{run}", f"{reverse('agents:run', args=[run])}#message-{n}"
        )
        for id, kind, n, run in found
    }


letter_kind(
    LetterKind(
        kind=KIND,
        noun="Run of an agent",
        then="The agent begins anew with the same input.",
        permission=RUNS_CANCEL,
        subjects=_runs,
    )
)
letter_kind(
    LetterKind(
        kind=batches.KIND,
        noun="Batch of an agent",
        then="The batch goes on with the next row.",
        permission=RUNS_CANCEL,
        subjects=_batches,
    )
)
letter_kind(
    LetterKind(
        kind=evaluations.KIND,
        noun="Evaluation of an agent",
        then="The evaluation goes on with the next case.",
        permission=RUNS_CANCEL,
        subjects=_evaluations,
    )
)
letter_kind(
    LetterKind(
        kind=watching.KIND,
        noun="Watch over an agent's decisions",
        then="It looks at the decisions since its last look, and every hour again.",
        permission=RUNS_CANCEL,
        subjects=_watches,
    )
)
letter_kind(
    LetterKind(
        kind=mails.KIND,
        noun="Mail about drift",
        then="What the member was not told yet is sent.",
        permission=RUNS_CANCEL,
        subjects=_drift_mails,
    )
)
letter_kind(
    LetterKind(
        kind=talk.KIND,
        noun="Text about a result",
        then="It is written anew, and a model asked once more.",
        permission=MODELS_USE,
        subjects=_messages,
    )
)
