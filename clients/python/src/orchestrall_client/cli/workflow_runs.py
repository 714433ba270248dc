"""`orchestrall workflow-runs …` and `orchestrall approvals …`"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from typing import Any

from orchestrall_client.approval_models import Approval
from orchestrall_client.cli.login import Usage
from orchestrall_client.cli.output import Progress, facts, moment, print_json, print_list, say, state
from orchestrall_client.cli.parsing import (
    Group,
    at_least_one,
    list_options,
    narrowed,
    read_object,
    read_objects,
    read_value,
)
from orchestrall_client.client import Client
from orchestrall_client.workflow_models import WorkflowRun, WorkflowRunDetail

FAILED = 1
STATES = ["open", "queued", "running", "waiting", "paused", "undoing", "succeeded", "failed", "cancelled"]
COLUMNS: dict[str, Any] = {
    "id": lambda run: run.id,
    "ref": lambda run: run.ref,
    "workflow": lambda run: run.workflow,
    "status": lambda run: run.status,
    "origin": lambda run: run.origin,
    "accepted": lambda run: moment(run.created_at),
}
STEPS: dict[str, Any] = {
    "at": lambda step: moment(step.at),
    "step": lambda step: step.step if step.item is None else f"{step.step} (item {step.item})",
    "kind": lambda step: step.kind,
    "try": lambda step: step.attempt,
    "outcome": lambda step: step.outcome,
    "why": lambda step: step.problem.told if step.problem else "",
}
OUTCOMES: dict[str, Any] = {"id": lambda each: each.id, "outcome": lambda each: each.outcome}
RETRIED: dict[str, Any] = {**OUTCOMES, "as": lambda each: each.run.ref if each.run else ""}
MOVED: dict[str, Any] = {**RETRIED, "why": lambda each: each.refusal}
ACTS: dict[str, Any] = {
    "id": lambda act: act.id,
    "run": lambda act: act.run_ref,
    "step": lambda act: act.step,
    "status": lambda act: act.status,
    "done": lambda act: len(act.done),
    "left": lambda act: len(act.left),
    "at": lambda act: moment(act.created_at),
}
APPROVALS: dict[str, Any] = {
    "id": lambda approval: approval.id,
    "run": lambda approval: approval.run_ref,
    "status": lambda approval: approval.status,
    "until": lambda approval: moment(approval.due_at),
    "question": lambda approval: approval.question,
}


def add(group: Group) -> None:
    """The commands about runs of workflows."""
    listing = group.command("list", list_runs, "The runs of workflows, newest first.")
    listing.add_argument("--status", choices=STATES, default="")
    listing.add_argument("--workflow", metavar="NAME", default="", help="only runs of this workflow")
    list_options(listing, "created_at")

    start = group.command("start", start_run, "Start a run of a workflow.", examples=_START)
    start.add_argument("workflow", metavar="NAME", help="see orchestrall workflows list")
    start.add_argument("--inputs", metavar="JSON", default="{}", help="JSON, @FILE, or - for standard input")
    start.add_argument("--many", metavar="FILE", help="a run for each line, which is its inputs; all or none")
    start.add_argument("--idempotency-key", metavar="TEXT", help="start it once, however often this command is run")
    start.add_argument("--wait", action="store_true", help="show how it goes on, and end when it does")

    for name, call, text in (
        ("watch", watch_run, "Show how the state of a run changes, until it ends."),
        ("get", get_run, "How a run is now; with --json what it was given and gave too."),
        ("steps", steps_of_run, "What happened to the steps of a run, in order."),
        ("pause", pause_run, "Let no further step of a run begin."),
        ("resume", resume_run, "Let a paused run go on."),
    ):
        group.command(name, call, text).add_argument("run", metavar="RUN", help="its id")

    cancel = group.command("cancel", cancel_runs, "Cancel runs, and what they have asked of others.")
    cancel.add_argument("runs", metavar="RUN", nargs="+", help="their ids, 100 at most")

    outputs = group.command("outputs", outputs_of_run, "What a run gave, once it has ended, as JSON.")
    outputs.add_argument("run", metavar="RUN", help="its id")
    outputs.add_argument("--timeout", type=float, metavar="SECONDS", help="wait no longer for its end")

    retry = group.command("retry", retry_runs, "Take up runs that failed where they stopped, each as a new run.")
    retry.add_argument("runs", metavar="RUN", nargs="+", help="their ids, 100 at most")
    retry.add_argument("--step", metavar="STEP", help="of one run: the first that is done anew")
    retry.add_argument("--given", metavar="JSON", help="what that step is given instead: JSON, @FILE, or -")

    move = group.command("move", move_runs, "Let open runs go on as new ones on the newest version of their workflows.")
    move.add_argument("runs", metavar="RUN", nargs="+", help="their ids, 100 at most")

    acts = group.command("acts", list_acts, "What steps have done of what agents proposed, newest first.")
    acts.add_argument("--status", choices=["sent", "confirmed", "failed"], default="")
    acts.add_argument("--workflow", metavar="NAME", default="", help="only those of runs of this workflow")
    acts.add_argument("--run", metavar="RUN", default="", help="only those of this run, by its id")
    acts.add_argument("--limit", type=at_least_one, default=20, help="how many at most (%(default)s)")


def add_approvals(group: Group) -> None:
    """The commands about questions of runs to people."""
    listing = group.command("list", list_approvals, "The questions of runs to people: the open ones, newest first.")
    listing.add_argument("--status", choices=["open", "decided", "withdrawn", "all"], default="open")
    listing.add_argument("--mine", action="store_true", help="only those that you may answer")
    listing.add_argument("--limit", type=at_least_one, default=20, help="how many at most (%(default)s)")
    for name, call, text in (
        ("approve", approve, "Answer a question with yes, for good."),
        ("decline", decline, "Answer a question with no, for good, and say why."),
    ):
        each = group.command(name, call, text)
        each.add_argument("approval", metavar="ID")
        each.add_argument("--comment", default="", required=name == "decline", help="why")
        each.add_argument("--for", dest="on_behalf_of", metavar="ADDRESS", help="the member for whom you answer")
        if name == "approve":
            each.add_argument("--answers", metavar="JSON", help="what the question wants filled in: JSON, @FILE, or -")


_START = """\
  orchestrall workflow-runs start restock --inputs '{"needed": 12}' --wait
  orchestrall workflow-runs start restock --many inputs.jsonl --json | jq -r .id"""


def list_runs(client: Client, asked: argparse.Namespace) -> int:
    found = client.workflow_runs.list(status=asked.status, workflow=asked.workflow, **narrowed(asked))
    print_list(islice(found, asked.limit), COLUMNS, as_json=asked.json)
    return 0


def start_run(client: Client, asked: argparse.Namespace) -> int:
    if asked.many is not None:
        if asked.wait or asked.inputs != "{}":
            raise Usage("--many goes with neither --inputs nor --wait.")
        inputs = read_objects(asked.many)
        started = client.workflow_runs.start_many(asked.workflow, inputs, idempotency_key=asked.idempotency_key)
        print_list(started, COLUMNS, as_json=asked.json)
        return 0
    given = read_object(asked.inputs, "--inputs")
    run = client.workflow_runs.start(asked.workflow, given, idempotency_key=asked.idempotency_key)
    if not asked.wait:
        return _shown(run, asked)
    say(f"{run.ref} is accepted: {run.id}")
    with Progress(sys.stderr) as progress:
        for event in client.workflow_runs.watch(run):
            progress.show(event)
    ended = client.workflow_runs.get(run)
    _shown(ended, asked)
    return _code(ended)


def watch_run(client: Client, asked: argparse.Namespace) -> int:
    if asked.json:
        for event in client.workflow_runs.watch(asked.run):
            print_json(event)
        return _code(client.workflow_runs.get(asked.run))
    with Progress(sys.stdout) as progress:
        for event in client.workflow_runs.watch(asked.run):
            if event.is_open:
                progress.show(event)
    run = client.workflow_runs.get(asked.run)
    print(state(run))
    return _code(run)


def get_run(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflow_runs.get(asked.run), asked)


def steps_of_run(client: Client, asked: argparse.Namespace) -> int:
    print_list(client.workflow_runs.steps(asked.run), STEPS, as_json=asked.json)
    return 0


def outputs_of_run(client: Client, asked: argparse.Namespace) -> int:
    run = client.workflow_runs.wait(asked.run, timeout=asked.timeout)
    if run.status != "succeeded":
        say(state(run))
        return FAILED
    print_json(run.outputs)
    return 0


def pause_run(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflow_runs.pause(asked.run), asked)


def resume_run(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflow_runs.resume(asked.run), asked)


def cancel_runs(client: Client, asked: argparse.Namespace) -> int:
    if len(asked.runs) == 1:
        return _shown(client.workflow_runs.cancel(asked.runs[0]), asked)
    became = client.workflow_runs.cancel_many(asked.runs)
    print_list(became, OUTCOMES, as_json=asked.json)
    return 0 if all(each.outcome in {"cancelled", "cancelling"} for each in became) else FAILED


def move_runs(client: Client, asked: argparse.Namespace) -> int:
    became = client.workflow_runs.move_many(asked.runs)
    print_list(became, MOVED, as_json=asked.json)
    return 0 if all(each.run for each in became) else FAILED


def list_acts(client: Client, asked: argparse.Namespace) -> int:
    found = client.acts.list(status=asked.status, workflow=asked.workflow, run=asked.run)
    print_list(islice(found, asked.limit), ACTS, as_json=asked.json)
    return 0


def retry_runs(client: Client, asked: argparse.Namespace) -> int:
    if asked.step is not None:
        if len(asked.runs) > 1:
            raise Usage("--step is of one run: name one, or leave it out. Nothing was started.")
        given = None if asked.given is None else read_value(asked.given, "--given")
        return _shown(client.workflow_runs.retry(asked.runs[0], asked.step, given=given), asked)
    if asked.given is not None:
        raise Usage("--given is what a step is given: add --step. Nothing was started.")
    became = client.workflow_runs.retry_many(asked.runs)
    print_list(became, RETRIED, as_json=asked.json)
    return 0 if all(each.run for each in became) else FAILED


def list_approvals(client: Client, asked: argparse.Namespace) -> int:
    found = client.approvals.list(status=asked.status, mine=asked.mine)
    print_list(islice(found, asked.limit), APPROVALS, as_json=asked.json)
    return 0


def approve(client: Client, asked: argparse.Namespace) -> int:
    answers = None if asked.answers is None else read_object(asked.answers, "--answers")
    told = {"comment": asked.comment, "answers": answers, "on_behalf_of": asked.on_behalf_of}
    return _answered(client.approvals.decide(asked.approval, True, **told), asked)


def decline(client: Client, asked: argparse.Namespace) -> int:
    told = {"comment": asked.comment, "on_behalf_of": asked.on_behalf_of}
    return _answered(client.approvals.decide(asked.approval, False, **told), asked)


def _answered(approval: Approval, asked: argparse.Namespace) -> int:
    print_list([approval], APPROVALS, as_json=asked.json)
    return 0


def _code(run: WorkflowRun) -> int:
    return 0 if run.status == "succeeded" else FAILED


def _shown(run: WorkflowRun, asked: argparse.Namespace) -> int:
    if asked.json:
        print_json(run)
        return 0
    facts(
        {
            "Run": f"{run.ref}  {run.id}",
            "Workflow": f"{run.workflow}, version {run.version}",
            "Status": state(run).removeprefix(run.ref).strip(),
            "By": run.started_by,
            "Accepted": moment(run.created_at),
            "Ended": moment(run.finished_at),
        }
    )
    if isinstance(run, WorkflowRunDetail) and run.problem and run.problem.remedy:
        print(f"What to do: {run.problem.remedy}")
    return 0
