"""Runs of an agent, and what stands about them and it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from uuid import UUID

from tests.isolation.ground import datasets


@cache
def sample_output(agent: str) -> dict[str, Any]:
    """What the agent makes of the table that both tenants have; where the marker stands in it, this says MARKER."""
    from django.utils import timezone

    from apps.agents.contract import AGENTS, RunContext

    found = AGENTS[agent]
    context = RunContext(now=timezone.now(), load=lambda table: datasets.table("MARKER").with_row_index("__row__", 2))
    data = found.input_type.model_validate(sample_input(agent, str(UUID(int=1))))
    output: dict[str, Any] = found.run(data, found.settings_type(), context).model_dump(mode="json")
    return output


def sample_input(agent: str, dataset: str) -> dict[str, Any]:
    from apps.agents.contract import AGENTS

    return {AGENTS[agent].table_field: {"dataset": dataset}}


def configurations(marker: str, agent: str, owner: Any) -> None:
    """Two versions of how the agent is set up, which both let everybody run it who runs agents."""
    from apps.agents.configurations import runners
    from apps.agents.models import AgentConfiguration

    for number, roles in ((1, None), (2, runners())):
        AgentConfiguration.objects.create(
            id=UUID(int=number), agent_key=agent, number=number, settings={}, roles=roles, note=marker, created_by=owner
        )


def run(number: int, status: str, marker: str, **about: Any) -> Any:
    from django.utils import timezone

    from apps.agents.models import AgentResult, AgentRun

    done = status == "succeeded"
    run = AgentRun.objects.create(
        id=UUID(int=number),
        number=1000 + number,
        agent_version="1.0",
        status=status,
        source=f"Sales {marker}",
        headline=f"Result {marker}" if done else "",
        note=f"Note {marker}",
        origin="console",
        started_at=timezone.now(),
        finished_at=timezone.now() if done else None,
        **about,
    )
    if done:
        output = json.loads(json.dumps(sample_output(run.agent_key)).replace("MARKER", marker))
        AgentResult.objects.create(run=run, output=output)
    return run


def decision(run: Any, marker: str, owner: Any) -> None:
    """A decision of the id of its run, which proposes to run the agent once more; a review of it, and feedback."""
    from apps.agents.models import AgentDecision, AgentFeedback, AgentReview, AgentRun

    again = {"agent": run.agent_key, "input": run.input}
    said: dict[str, Any] = {
        "subject": f"Subject {marker}",
        "verdict": "noted",
        "summary": f"Summary {marker}",
        "reasons": [{"text": f"Reason {marker}", "evidence": [{"text": marker, "row": 2}]}],
        "actions": [{"kind": "agents.run", "title": f"Act {marker}", "arguments": again}],
    }
    of_agent = {"agent_key": run.agent_key, "agent_version": "1.0", "verdict": "noted"}
    decision = AgentDecision.objects.create(id=run.pk, run=run, position=0, record=said, review="wanted", **of_agent)
    AgentReview.objects.create(
        id=run.pk, decision=decision, number=1, verdict="noted", reason=f"Reason {marker}", by=owner
    )
    AgentFeedback.objects.create(id=run.pk, run=run, by=owner, is_right=True, comment=f"Comment {marker}")
    AgentRun.objects.filter(pk=run.pk).update(verdict="noted")


def message(run: Any, status: str, marker: str) -> None:
    """A draft about a run, of its id, and an explanation."""
    from apps.agents.models import AgentMessage

    of = {"run": run, "by": run.created_by}
    AgentMessage.objects.create(number=2, kind="explanation", status="failed", asked={"kind": "explanation"}, **of)
    AgentMessage.objects.create(
        id=run.pk,
        number=1,
        kind="draft",
        status=status,
        asked={"kind": "draft", "purpose": f"Purpose {marker}"},
        said={"text": f"Text {marker}"} if status == "succeeded" else None,
        **of,
    )


def evaluation(run: Any, status: str, marker: str) -> None:
    """An evaluation and a case of the id of a run."""
    from apps.agents.models import AgentCase, AgentEvaluation

    of = {"agent_key": run.agent_key, "created_by": run.created_by}
    fact: dict[str, Any] = {"path": "headline", "op": "contains", "value": marker}
    expected = {"expect": [fact], "note": f"Note {marker}"}
    AgentCase.objects.create(id=run.pk, name=f"Case {run.number} {marker}", input=run.input, expected=expected, **of)
    judged = {"text": f"headline contains {marker}", "holds": True, "must": True, "weight": 1, "found": marker}
    result = {"name": f"Case {marker}", "passed": True, "score": 1, "facts": [judged], "seconds": 0}
    told = {"code": "evaluation_stopped", "title": "Stopped", "detail": f"Stopped by {marker}."}
    AgentEvaluation.objects.create(
        id=run.pk,
        agent_version=run.agent_version,
        status=status,
        total=2,
        done=1,
        passed=1,
        results={"settings": {}, "results": [result]},
        problem=None if status == "queued" else told,
        **of,
    )


def custom(run: Any, marker: str) -> None:
    """An agent of a prompt under the run's id: a version and a draft."""
    from django.utils import timezone

    from apps.agents.custom.contents import EXAMPLE
    from apps.agents.models import CustomAgent, CustomAgentVersion

    about = {"key": f"custom.a{run.pk.hex}", "title": f"Maker {marker}", "created_by": run.created_by}
    agent = CustomAgent.objects.create(id=run.pk, summary=f"Summary {marker}", **about)
    for number in (1, 2, None):
        content = {**EXAMPLE, "title": f"Maker {marker}", "instructions": f"Say {number} {marker}"}
        row = CustomAgentVersion.objects.create(
            agent=agent, number=number, content=content, note=f"Note {marker}", created_by=run.created_by,
            published_at=timezone.now() if number else None,
        )  # fmt: skip
        if number:
            CustomAgent.objects.filter(pk=agent.pk).update(published=row)


def watch(agent: str, owner: Any, deputy: Any, number: int) -> str:
    """The watch of the agent, or of one that is called by the number; the id of its work row. The deputy wishes mails
    about drift, and is still to be told of one."""
    from django.utils import timezone

    from apps.agents.drift.watching import work_id
    from apps.agents.models import AgentWatch, DriftMails, DriftNotice

    key = agent if number == 10 else f"{agent}_{number}"
    AgentWatch.objects.create(agent_key=key, changed_by=owner)
    DriftMails.objects.create(user=deputy)
    DriftNotice.objects.create(
        id=UUID(int=number), user=deputy, agent_key=agent, what=DriftNotice.What.BEGAN, since=timezone.now()
    )
    return str(work_id(key))


def batch(runs: list[Any], status: str, marker: str, dataset: str) -> None:
    """A batch of these runs, of the id and the number of the first."""
    from apps.agents.models import AgentBatch, AgentRun

    run, plan = runs[0], {"dataset": dataset, "by": "groups", "group": "item"}
    batch = AgentBatch.objects.create(
        id=run.pk,
        number=run.number,
        agent_key=run.agent_key,
        agent_version=run.agent_version,
        status=status,
        source=f"Batch {marker}",
        input={"plan": plan, "labels": {"2": marker}},
        total=len(runs),
        opened=len(runs),
        created_by=run.created_by,
        origin="console",
    )
    for row, each in enumerate(runs, 2):
        AgentRun.objects.filter(pk=each.pk).update(batch=batch, batch_row=row)
