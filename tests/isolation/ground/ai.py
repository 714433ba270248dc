"""Models, prompts, budgets, and calls of models."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.isolation.ground.sides import PROMPT, TRAINABLE


def budget(run: Any, marker: str) -> None:
    """A budget of the id of a run."""
    from django.utils import timezone

    from apps.ai.models import Budget, BudgetAccount

    key = f"agent.{run.number}.{marker}"
    about = {"scope": "agent", "agent_key": key, "period": "month", "created_by": run.created_by}
    budget = Budget.objects.create(id=run.pk, money=9, **about)
    BudgetAccount.objects.create(budget=budget, bearer=key, starts=timezone.now().date().replace(day=1))


def trained(run: Any, status: str, marker: str, dataset: str) -> None:
    """A trained model of the id of a run."""
    from apps.ai.models import TrainedModel

    gain = {"mean": 1, "low": 0.5, "high": 1.5, "cases": 20}
    TrainedModel.objects.create(
        id=run.pk,
        kind=TRAINABLE,
        kind_version="1.0",
        number=run.number,
        status=status,
        input={"dataset": dataset, "options": {}},
        source=f"Table {marker}",
        fingerprint="0" * 64,
        note=f"Note {marker}",
        parameters={"groups": {}},
        metrics={"metrics": [], "gain": gain, "notes": [f"Said {marker}"]},
        created_by=run.created_by,
    )


def models(run: Any, status: str, marker: str) -> None:
    """A provider with a model, and of a prompt a case and a trial, all of the id of a run."""
    from apps.ai.models import LanguageModel, PromptAnswer, PromptCase, PromptTrial, Provider

    access = {"base_url": f"http://127.0.0.1:9/{marker}", "key": marker}
    about = {"kind": "compatible", "access": access, "offered": [f"more {marker}"], "created_by": run.created_by}
    provider = Provider.objects.create(id=run.pk, name=f"Provider {run.number} {marker}", **about)
    model = LanguageModel.objects.create(id=run.pk, provider=provider, name=f"model {marker}", is_enabled=False)
    of = {"prompt_key": PROMPT, "created_by": run.created_by}
    values = {"result": f"Result {marker}"}
    PromptCase.objects.create(id=run.pk, title=f"Case {run.number} {marker}", values=values, **of)
    # Its model is gone: within a test's transaction none may be asked.
    side = {"system": marker, "user": "{result}", "model": str(UUID(int=0)), "model_name": model.name}
    trial = PromptTrial.objects.create(
        id=run.pk,
        status=status,
        sides=[{"version": version, **side} for version in ("1", "2")],
        cases=[{"title": f"Case {marker}", "values": values}],
        total=2,
        done=1,
        **of,
    )
    PromptAnswer.objects.create(id=run.pk, trial=trial, position=0, side=0, answered={"text": f"Said {marker}"})


def mcp_server(run: Any, marker: str) -> None:
    """A connected MCP server of the id of a run, with a tool that is allowed."""
    from apps.ai.models import McpServer

    access = {"url": f"http://127.0.0.1:9/{marker}", "bearer": marker, "headers": []}
    offer = {"name": "look", "description": f"Says {marker}", "parameters": {"type": "object"}, "print": "0" * 64}
    tools = {"offered": [{**offer, "says_read": True}], "allowed": {"look": {"print": "0" * 64}}}
    about = {"access": access, "tools": tools, "created_by": run.created_by}
    McpServer.objects.create(id=run.pk, name=f"s{run.number}-{marker}", **about)


def choice(agent: str, model: str) -> None:
    """The agent has a model of its own, which is turned off."""
    from apps.ai.models import ModelChoice

    ModelChoice.objects.create(id=UUID(int=1), agent_key=agent, position=0, model_id=model)


def prompt(marker: str, owner: Any) -> None:
    """Two versions of a prompt, and a draft."""
    from django.utils import timezone

    from apps.ai.models import Prompt, PromptVersion

    prompt = Prompt.objects.create(id=UUID(int=1), key=PROMPT, title=f"Prompt {marker}", seq=3, created_by=owner)
    for id, number in ((1, 1), (2, 2), (3, None)):
        row = PromptVersion.objects.create(
            id=UUID(int=id),
            prompt=prompt,
            number=number,
            content={"system": f"System {id} {marker}", "user": "{result}"},
            note=f"Note {marker}",
            created_by=owner,
            published_at=timezone.now() if number else None,
        )
        if number == 2:
            Prompt.objects.filter(pk=prompt.pk).update(published=row)


def call(run: Any, marker: str) -> None:
    """A call of a model for a run, under the run's id."""
    from django.utils import timezone

    from apps.ai.models import ModelCall

    ModelCall.objects.create(
        id=run.pk,
        purpose="explain",
        agent_key=run.agent_key,
        subject_kind="agents.run",
        subject=run.pk,
        user=run.created_by,
        provider_name=f"Provider {marker}",
        model_name=f"model {marker}",
        status="succeeded",
        attempts=1,
        until=timezone.now(),
        finished_at=timezone.now(),
        sent={"messages": [{"role": "user", "text": f"Asked {marker}"}]},
        answered={"text": f"Said {marker}"},
    )
