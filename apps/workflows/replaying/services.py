"""Replays: started, followed run by run in the background, cancelled. Nothing outside is touched; no run is made."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from pydantic import BaseModel, Field

from apps.accounts.models import User
from apps.agents.permissions import AGENTS_RUN
from apps.audit.services import record
from apps.common import work
from apps.common.errors import Conflict, InvalidInput, PermissionDenied, Problem
from apps.common.permissions import Principal, demand
from apps.common.spans import created_within
from apps.tenants.fields import sealed_for
from apps.workflows import auditing
from apps.workflows.askers import asker_now, key_of, refusal_now
from apps.workflows.checking import definition_check
from apps.workflows.definition import Definition, definition_dump, definition_parse
from apps.workflows.engine.plan import Plan, plan_make
from apps.workflows.inputs import inputs_model, inputs_validate
from apps.workflows.models import Replay, ReplayRun, Workflow, WorkflowRun
from apps.workflows.payloads import veiled, without_credentials
from apps.workflows.permissions import WORKFLOWS_EDIT
from apps.workflows.replaying.agents import Asking, Halted, agents_check
from apps.workflows.replaying.answering import RECOMPUTED, FromLedger, nobody
from apps.workflows.replaying.past import PastRun, follow
from apps.workflows.replaying.reading import Batch, Reader
from apps.workflows.replaying.simulating import Answer, Question, simulate
from apps.workflows.replaying.simulating import Asked as Put
from apps.workflows.replaying.summing import Summary
from apps.workflows.replaying.telling import Sides, Told, Verdict, tell, tell_refused, titles_of
from apps.workflows.replaying.within import Within
from apps.workflows.selectors import TenantCatalogue

KIND: Final = "workflows.replay"
MOST: Final = 5_000
"""Runs of one replay."""
SEARCHED: Final = 5_000
"""Runs whose inputs are looked through for words."""
PATIENCE: Final = 3.0
"""Seconds of looking through inputs."""
BATCH: Final = 50
"""Runs that are read at once, and recorded at once where no agent is asked."""
TURN: Final = 5.0
"""Seconds of a turn; then the row is given back, so that others come to theirs."""
LOOKED_AT_EVERY: Final = 5.0
"""Seconds after which it is seen again, before another agent is asked, whether whoever asked for it still may."""
AT_WORK: Final = 3
"""Replays of a workflow that are under way at a time."""
KEPT: Final = 50
"""Replays of a workflow that are kept: each new one takes the place of the oldest."""
Status = Replay.Status


class ReplayAbandoned(Problem):
    code, status, title = "replay_abandoned", 500, "The replay was given up"
    cause = "Three workers in a row were lost while they had it in hand: killed, or out of memory."
    effect = "The runs that it had come to are kept; of the others nothing is known."
    remedy = "Requeue it: it goes on with the next run. Or start one of fewer runs."


class Asked(BaseModel):
    """Which runs a replay is of, against what, and whether agents are asked anew."""

    most: int = Field(default=100, ge=1, le=MOST)
    status: str = ""
    """How they ended; empty: any end."""
    origin: str = ""
    since: datetime | None = None
    before: datetime | None = None
    contains: str = ""
    """Words that their inputs have."""
    against: str = "the draft"
    """What they are followed through, in words."""
    recompute: bool = False
    """Whether agents are asked anew whose version, settings or input would be another."""
    cap: Decimal = Field(default=Decimal(5), gt=0, le=1000)
    """What models may cost for that, in the tenant's currency."""
    ids: list[UUID] = []

    @property
    def words(self) -> str:
        """Which runs they are, as people say it."""
        parts = [f"The last {self.most:,} {self.status} runs" if self.status else f"The last {self.most:,} runs"]
        parts += [f"started by {self.origin}"] if self.origin else []
        parts += [f"since {self.since:%d %b %Y}"] if self.since else []
        parts += [f"before {self.before:%d %b %Y}"] if self.before else []
        parts += [f"with “{self.contains}” in their inputs"] if self.contains else []
        return ", ".join(parts)


def asked_of(replay: Replay) -> Asked:
    return Asked.model_validate(replay.asked)


def summary_of(replay: Replay) -> Summary:
    return Summary.model_validate(replay.summary or {})


def replay_start(
    *, who: Principal, user: User | None, workflow: Workflow, definition: Definition, asked: Asked
) -> Replay:
    """Follow past runs of a workflow through a definition.

    Raises `InvalidInput` for one that is not right, `Conflict` where there is no such run or too many replays are under
    way, and `PermissionDenied` for one who may not have its agents asked.
    """
    demand(who, WORKFLOWS_EDIT)
    definition_check(definition, TenantCatalogue())
    if asked.recompute:
        agents_check(who=who, user=user, definition=definition)
    if Replay.objects.filter(workflow=workflow, status=Status.RUNNING).count() >= AT_WORK:
        raise Conflict(
            f"{AT_WORK} replays of {workflow.title} are under way; no other was started.",
            remedy="Wait for the end of one, or cancel it.",
        )
    asked = asked.model_copy(update={"ids": _chosen(workflow, asked)})
    if not asked.ids:
        raise Conflict(
            f"No run of {workflow.title} that has ended is one of these; nothing was started.",
            remedy="Choose other runs, or let the workflow run first.",
        )
    with transaction.atomic():
        former = Replay.objects.filter(workflow=workflow).exclude(status=Status.RUNNING)
        former.filter(pk__in=list(former.values_list("pk", flat=True)[KEPT - 1 :])).delete()
        replay = Replay(
            workflow=workflow,
            content=definition_dump(definition),
            asked=asked.model_dump(mode="json"),
            summary=Summary().model_dump(mode="json"),
            total=len(asked.ids),
            created_by=user,
            asked_with=key_of(who),
        )
        replay.save(force_insert=True)
        record(
            auditing.REPLAY_STARTED,
            who=who,
            subject=auditing.workflow_subject(workflow),
            replay=replay.pk,
            count=replay.total,
            against=asked.against,
            recompute=asked.recompute,
        )
        work.schedule(KIND, replay.pk)
    return replay


def replay_cancel(*, who: Principal, replay: Replay) -> Replay:
    """End a replay: what it has come to is kept. Raises `Conflict` after its end."""
    demand(who, WORKFLOWS_EDIT)
    with transaction.atomic():
        if not work.withdraw(KIND, replay.pk):  # its work row before those of the tenant (rule R5)
            work.signal(KIND, replay.pk)
        open_ones = Replay.objects.filter(pk=replay.pk, status=Status.RUNNING)
        if not open_ones.update(status=Status.CANCELLED, ended_at=timezone.now()):
            raise Conflict("The replay has ended already; nothing was changed.", remedy="Start another one.")
        subject = auditing.workflow_subject(replay.workflow)
        record(auditing.REPLAY_CANCELLED, who=who, subject=subject, replay=replay.pk)
    replay.refresh_from_db(fields=["status", "ended_at", "done", "summary"])
    return replay


def replay_perform(claim: work.Claim) -> None:
    """Follow the runs that are left, and record each batch behind the fence. Raises `FenceLost`."""
    with work.fenced(claim) as row:
        replay = Replay.objects.select_related("created_by").filter(pk=claim.id, status=Status.RUNNING).first()
        if replay is None:
            row.finish()
            return
    try:
        definition = definition_parse(replay.content)
    except InvalidInput as problem:  # written for an earlier release, which this one cannot read
        _fail(claim, replay, problem)
        return
    _Following(claim, replay, definition).turn()


def _chosen(workflow: Workflow, asked: Asked) -> list[UUID]:
    """The runs that are meant, newest first."""
    runs = WorkflowRun.objects.filter(workflow=workflow).exclude(status__in=WorkflowRun.OPEN).order_by("-id")
    runs = created_within(runs, since=asked.since, before=asked.before)
    if asked.status:
        runs = runs.filter(status=asked.status)
    if asked.origin:
        runs = runs.filter(origin=asked.origin)
    if not asked.contains:
        return list(runs.values_list("pk", flat=True)[: asked.most])
    return _containing(runs, asked.contains.casefold(), asked.most)


def _containing(runs: QuerySet[WorkflowRun], words: str, most: int) -> list[UUID]:
    """Those whose inputs have these words. Inputs are sealed, so that they are opened one by one, for a while."""
    until, found = time.monotonic() + PATIENCE, list[UUID]()
    for run in runs.only("pk", "inputs")[:SEARCHED].iterator(200):
        if words in json.dumps(without_credentials(run.inputs), ensure_ascii=False).casefold():
            found.append(run.pk)
        if len(found) >= most or time.monotonic() > until:
            break
    return found


@dataclass
class _Following:
    """One turn of a replay."""

    claim: work.Claim
    replay: Replay
    definition: Definition
    plan: Plan = field(init=False)
    asked: Asked = field(init=False)
    summary: Summary = field(init=False)
    asking: Asking = field(init=False)
    reader: Reader = field(default_factory=Reader)
    made: list[ReplayRun] = field(default_factory=list)
    taken: int = 0
    """Runs that were looked at since the last that was recorded."""

    looked_at: float = 0.0
    """When it was seen last whether whoever asked for it still may."""
    refusal: str = ""
    """Why they may not any more."""

    titles: dict[str, str] = field(default_factory=dict)
    """Of the steps of the run that was followed last, and of the definition."""

    def __post_init__(self) -> None:
        self.plan, self.takes = plan_make(self.definition), inputs_model(self.definition)
        self.asked, self.summary = asked_of(self.replay), summary_of(self.replay)
        self.asking = Asking(self.replay.created_by, KIND, self.replay.pk, stopping=self._stopping)

    def turn(self) -> None:
        until = time.monotonic() + TURN
        while (left := self.asked.ids[self.replay.done : self.replay.done + BATCH]) and not self._stopping():
            if time.monotonic() > until:
                return
            if not self._may_go_on() or not self._batch(left):
                break
        if self.refusal:
            _fail(self.claim, self.replay, PermissionDenied(self.refusal, remedy="Ask for another one yourself."))
        elif not left:
            with work.fenced(self.claim) as row:
                self._move(status=Status.SUCCEEDED, ended_at=timezone.now())
                row.finish()

    def _stopping(self) -> bool:
        return work.stopping(self.claim)

    def _may_go_on(self) -> bool:
        """Whether whoever asked for it still may, as things stand now; else `refusal` says why not."""
        asker = asker_now(self.replay)
        needed = (WORKFLOWS_EDIT, AGENTS_RUN) if self.asked.recompute else (WORKFLOWS_EDIT,)
        self.refusal = refusal_now(self.replay, asker, *needed)
        self.asking.user, self.looked_at = asker, time.monotonic()
        return not self.refusal

    def _batch(self, ids: list[UUID]) -> bool:
        """Follow some runs. False: it was told to stop; what was not recorded is followed again."""
        batch = self.reader.read(ids)
        by_id = {run.id: run for run in batch.runs}
        for id in ids:
            self.taken += 1
            if (run := by_id.get(id)) is None:
                continue  # it is gone, or was made by a release that this one cannot read
            try:
                verdict, told = self._follow(batch, run)
            except Halted:
                return False
            self.summary.add(verdict, told, self.titles)
            kept = told.model_dump(mode="json", exclude_defaults=True)
            self.made.append(ReplayRun(replay=self.replay, run_id=run.id, verdict=verdict, told=kept))
            if told.recomputed:  # it took long, or cost money: it is not to be done again
                self._record()
        self._record()
        return True

    def _record(self) -> None:
        with work.fenced(self.claim):
            ReplayRun.objects.bulk_create(self.made, ignore_conflicts=True)
            self._move(done=self.replay.done + self.taken, summary=self.summary.model_dump(mode="json"))
        self.made, self.taken = [], 0

    def _move(self, **changes: Any) -> None:
        """Change it where nobody has cancelled it meanwhile."""
        for name, value in changes.items():
            setattr(self.replay, name, value)
        sealed = sealed_for(self.replay, summary=changes.pop("summary")) if "summary" in changes else {}
        Replay.objects.filter(pk=self.replay.pk, status=Status.RUNNING).update(**changes, **sealed)

    def _follow(self, batch: Batch, run: PastRun) -> tuple[Verdict, Told]:
        past, known = follow(run)
        cost = batch.cost_of(ref for kind, ref in run.refs() if kind == "agent")
        self.titles = titles_of(past)
        try:
            given = {name: value for name, value in run.inputs.items() if name in self.definition.inputs}
            inputs = veiled(inputs_validate(self.takes, given))
        except InvalidInput as problem:
            why = "; ".join(f"{issue.path}: {issue.message}" for issue in problem.issues[:3])
            return tell_refused(run, past, cost, why or problem.detail)
        within = Within(batch)
        answers = FromLedger(known, batch.current, self._ask if self.asked.recompute else nobody, within.answer)
        course = simulate(
            self.plan, inputs=inputs, run=run.named, started_at=run.created_at, answers=answers, given=run.given
        )
        self.titles = titles_of(past, course)
        spent = self._newly_spent(course.asked)
        is_known = not any(each.question.step.step.kind == "agent" for each in course.untold)
        cost_now = batch.cost_of(answers.taken) + spent if is_known else None
        return tell(Sides(run, past, course, cost, cost_now, self.titles, within.changes))

    def _newly_spent(self, asked: list[Put]) -> Decimal:
        """What models have cost since this was last looked at."""
        if not any(each.answer.source == RECOMPUTED for each in asked):
            return Decimal(0)
        before, self.summary.spent = self.summary.spent, self.asking.spent()
        return self.summary.spent - before

    def _ask(self, question: Question) -> Answer:
        if self.summary.spent >= self.asked.cap:
            return Answer("untold", why="What may be spent on agents for this replay was spent.")
        if time.monotonic() - self.looked_at > LOOKED_AT_EVERY and not self._may_go_on():
            raise Halted
        began = time.monotonic()
        outcome = self.asking.ask(question)
        took = timedelta(seconds=time.monotonic() - began)
        if outcome.problem is not None:
            return Answer("failed", problem=outcome.problem, final=outcome.final, after=took, source=RECOMPUTED)
        return Answer("succeeded", output=outcome.output, after=took, source=RECOMPUTED)


def _fail(claim: work.Claim, replay: Replay, problem: Problem) -> None:
    told = {"code": problem.code, "title": problem.title, "detail": problem.detail, "remedy": problem.remedy}
    with work.fenced(claim) as row:
        ended: dict[str, Any] = {"status": Status.FAILED, "ended_at": timezone.now()}
        open_ones = Replay.objects.filter(pk=replay.pk, status=Status.RUNNING)
        open_ones.update(**ended, **sealed_for(replay, problem=told))
        row.finish()


def replay_bury(id: UUID, cause: str) -> None:
    """Record that a replay was given up after its workers died."""
    replay = Replay.objects.filter(pk=id, status=Status.RUNNING).first()
    if replay is not None:
        told = ReplayAbandoned(cause)
        replay.problem = {"code": told.code, "title": told.title, "detail": told.detail, "remedy": told.remedy}
        replay.status, replay.ended_at = Status.FAILED, timezone.now()
        replay.save(update_fields=["status", "ended_at", "problem"])


def replay_revive(id: UUID) -> None:
    """Open a replay again that was given up: it goes on with the next run."""
    replay = Replay.objects.filter(pk=id, status=Status.FAILED).first()
    if replay is not None:
        replay.status, replay.ended_at, replay.problem = Status.RUNNING, None, None
        replay.save(update_fields=["status", "ended_at", "problem"])


def replay_definition(replay: Replay) -> Definition:
    """What runs are followed through. Raises `InvalidInput` for one that this release cannot read."""
    return definition_parse(replay.content)
