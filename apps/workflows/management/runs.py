"""Verbs of `manage.py workflow` about runs, and what they ask of people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from apps.accounts.models import User
from apps.common.errors import NotFound
from apps.common.permissions import Platform
from apps.workflows import bulk, selectors, services
from apps.workflows.approvals.deciding import approval_decide
from apps.workflows.management.verbs import Parsers, Verbs, json_of, lines_of, object_of
from apps.workflows.models import WorkflowRun
from apps.workflows.store import plan_of


class RunVerbs(Verbs):
    def _add_runs(self, verbs: Parsers) -> None:
        start = verbs.add_parser("start", help="start a run of a workflow, or many: all of them or none")
        start.add_argument("name")
        given = start.add_mutually_exclusive_group()
        given.add_argument("--inputs", type=object_of, default={}, metavar="JSON", help="or @FILE, which holds it")
        given.add_argument("--many", metavar="FILE", help="a run for each line, which holds the inputs as JSON")
        runs = verbs.add_parser("runs", help="show runs, newest first")
        runs.add_argument("--workflow", default="", metavar="NAME", help="only runs of this workflow")
        runs.add_argument("--status", default="", choices=["open", *WorkflowRun.Status.values])
        runs.add_argument("--limit", type=int, default=20)
        for verb, text in (
            ("show", "show a run: what it was given, its steps, and what it gave or why it failed"),
            ("cancel", "stop an open run, and what it has asked of others"),
            ("pause", "let no further step of an open run begin"),
            ("resume", "let a paused run go on"),
            ("retry", "take up an ended run: what succeeded is not done again"),
        ):
            each = verbs.add_parser(verb, help=text)
            each.add_argument("run", help="its number: W-12")
            if verb == "retry":
                each.add_argument("--step", help="the first step to do anew; where the run stopped, if not given")
                each.add_argument(
                    "--given", type=json_of, metavar="JSON", help="what that step is given instead, or @FILE"
                )
        requeue = verbs.add_parser("requeue", help="let runs go on that were given up, after what was recorded last")
        requeue.add_argument("run", nargs="+", help="their numbers: W-12 W-13")
        verbs.add_parser("approvals", help="show the questions that wait for an answer")
        decide = verbs.add_parser("decide", help="answer a question, for good, as a member who is asked")
        decide.add_argument("approval", type=UUID, help="its id, from the list of approvals")
        decide.add_argument("answer", choices=["yes", "no"])
        decide.add_argument("--as", dest="email", required=True, metavar="ADDRESS", help="who answers")
        decide.add_argument("--comment", default="", help="why; a no needs it")
        decide.add_argument("--answers", type=object_of, metavar="JSON", help="what a yes fills in, or @FILE")

    def _start(self, *, name: str, inputs: dict[str, Any], many: str | None, **_: Any) -> None:
        workflow = selectors.workflow_get(who=Platform(), name=name)
        data = [inputs] if many is None else lines_of(many)
        runs = services.runs_start(who=Platform(), user=None, workflow=workflow, data=data, origin="command")
        for run in _read([run.id for run in runs]):
            self.stdout.write(f"{run.ref} is accepted.")

    def _runs(self, *, workflow: str, status: str, limit: int, **_: Any) -> None:
        narrow = selectors.RunFilter(status=status, workflow=workflow)
        for run in selectors.runs_query(who=Platform(), narrow=narrow)[: max(limit, 0)]:
            self.stdout.write(f"{run.ref:8}  {run.status:9}  {run.created_at:%Y-%m-%d %H:%M}  {run.workflow.name}")

    def _show(self, *, run: str, **_: Any) -> None:
        found = _run(run)
        plan = plan_of(found.version)
        self.stdout.write(f"{found.ref} of {found.workflow.name}, {found.version}: {found.status}")
        self.stdout.write(f"inputs   {json.dumps(found.inputs, ensure_ascii=False)}")
        for row in selectors.ledger_query(who=Platform(), run=found).order_by("seq"):
            item = "" if row.item < 0 else f" item {row.item}"
            why = f": {row.problem.get('detail', '')}" if row.problem else ""
            self.stdout.write(f"{row.at:%H:%M:%S}  {row.outcome:9} {plan.steps[row.step].name}{item}{why}")
        if found.problem:
            self.stdout.write(f"failed   {found.problem.get('detail', '')} {found.problem.get('remedy', '')}".rstrip())
        elif found.outputs is not None:
            self.stdout.write(f"outputs  {json.dumps(found.outputs, ensure_ascii=False)}")

    def _cancel(self, *, run: str, **_: Any) -> None:
        self._act(run, services.run_cancel, "is cancelled as soon as a worker has it in hand")

    def _pause(self, *, run: str, **_: Any) -> None:
        self._act(run, services.run_pause, "is paused as soon as a worker has it in hand")

    def _resume(self, *, run: str, **_: Any) -> None:
        self._act(run, services.run_resume, "goes on")

    def _act(self, ref: str, act: Callable[..., WorkflowRun], told: str) -> None:
        self.stdout.write(f"{act(who=Platform(), run=_run(ref)).ref} {told}.")

    def _retry(self, *, run: str, step: str | None, given: Any, **_: Any) -> None:
        if given is not None and step is None:
            raise CommandError("Say which step is given this instead: --step NAME.")
        ended = _run(run)
        made = services.run_retry(who=Platform(), user=None, run=ended, step=step, given=given)
        [again] = _read([made.id])
        self.stdout.write(f"{again.ref} takes up {ended.ref} {f'from {step}' if step else 'where it stopped'}.")

    def _requeue(self, *, run: list[str], **_: Any) -> None:
        runs = [_run(ref) for ref in run]
        outcomes = bulk.runs_requeue(who=Platform(), runs=runs)
        for each in runs:
            told = "goes on" if outcomes[each.pk] == "requeued" else "was not given up; nothing was changed"
            self.stdout.write(f"{each.ref} {told}.")

    def _approvals(self, **_: Any) -> None:
        asked = selectors.approvals_query(who=Platform(), user=User())
        for each in asked:
            self.stdout.write(f"{each.id}  {each.run.ref}  until {each.due_at:%Y-%m-%d %H:%M}  {each.question}")

    def _decide(
        self, *, approval: UUID, answer: str, email: str, comment: str, answers: dict[str, Any] | None, **_: Any
    ) -> None:
        user = User.objects.filter(email=email.lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active member {email!r} here: see the list of members in the console.")
        found = selectors.approval_get(who=user, id=approval)
        told = approval_decide(
            who=user, user=user, approval=found, approved=answer == "yes", comment=comment, answers=answers
        )
        follows = "waits for more who say yes" if told.is_open else "goes on"
        self.stdout.write(f"{user} answered {answer}: {found.run.ref} {follows}.")


def _run(ref: str) -> WorkflowRun:
    """A run by its number. Raises `NotFound`."""
    number = ref.upper().removeprefix("W-")
    found = None
    if number.isdecimal() and len(number) < 18:
        found = WorkflowRun.objects.select_related("workflow", "version").filter(number=int(number)).first()
    if found is None:
        raise NotFound(f"There is no run {ref!r} here.", remedy="See `manage.py workflow TENANT runs`.")
    return found


def _read(ids: list[UUID]) -> list[WorkflowRun]:
    """Runs as they were stored, in this order: their numbers are given by the database."""
    found = selectors.runs_by_id(who=Platform(), ids=ids)
    return [found[id] for id in ids]
