"""`orchestrall runs …`"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from typing import Any

from orchestrall_client.cli.login import Usage
from orchestrall_client.cli.output import Progress, facts, moment, print_json, print_list, say, state
from orchestrall_client.cli.parsing import (
    Group,
    list_options,
    narrowed,
    output_option,
    read_object,
    read_objects,
    source,
    target,
)
from orchestrall_client.client import Client
from orchestrall_client.models import Run

FAILED = 1
COLUMNS: dict[str, Any] = {
    "id": lambda run: run.id,
    "ref": lambda run: run.ref,
    "agent": lambda run: run.agent,
    "status": lambda run: run.status,
    "done": lambda run: f"{run.percent} %" if run.is_open and run.total else "",
    "accepted": lambda run: moment(run.created_at),
    "what": lambda run: run.headline or (run.problem.title if run.problem else run.note),
}


def add(group: Group) -> None:
    """The commands."""
    listing = group.command("list", list_runs, "The runs, newest first, without their results.")
    listing.add_argument("--status", choices=["queued", "running", "succeeded", "failed", "cancelled"])
    listing.add_argument("--agent", metavar="KEY", help="only runs of this agent")
    list_options(listing, "created_at")

    start = group.command("start", start_run, "Start a run of an agent.", examples=_START)
    start.add_argument("agent", metavar="AGENT", help="its key: see orchestrall agents list")
    start.add_argument("--input", metavar="JSON", default="{}", help="the input: JSON, @FILE, or - for standard input")
    start.add_argument("--many", metavar="FILE", help="a run for each line of the file, which is an input; all or none")
    start.add_argument("--file", metavar="FILE", help="CSV, XLSX or Parquet for the agent's table; - is standard input")
    start.add_argument("--sheet", default="", help="the sheet of a workbook; by default its first")
    start.add_argument("--fresh", action="store_true", help="have it worked out, whatever result is at hand")
    start.add_argument("--idempotency-key", metavar="TEXT", help="start it once, however often this command is run")
    start.add_argument("--wait", action="store_true", help="show how it goes on, and end when it does")

    for name, call, text in (
        ("watch", watch_run, "Show how a run goes on, until it ends."),
        ("get", get_run, "How a run is now; with --json its result too."),
        ("cancel", cancel_run, "Cancel a run, at once or at its agent's next progress."),
    ):
        group.command(name, call, text).add_argument("run", metavar="RUN", help="its id")

    result = group.command("result", result_of_run, "The result of a run, once it has ended.", examples=_RESULT)
    result.add_argument("run", metavar="RUN", help="its id")
    result.add_argument("--format", choices=["json", "csv", "xlsx"], default="json", help="(%(default)s)")
    result.add_argument("--timeout", type=float, metavar="SECONDS", help="wait no longer for its end")
    output_option(result)


_START = """\
  orchestrall runs start retail.demand_forecaster --file weekly.csv --input '{"horizon": 4}' --wait
  orchestrall runs start retail.demand_forecaster --input @input.json --json | jq -r .id"""
_RESULT = """\
  orchestrall runs result 0192f3a4-… | jq '.series[].item'
  orchestrall runs result 0192f3a4-… --format xlsx --output forecast.xlsx"""


def list_runs(client: Client, asked: argparse.Namespace) -> int:
    found = client.runs.list(status=asked.status or "", agent=asked.agent or "", **narrowed(asked))
    print_list(islice(found, asked.limit), COLUMNS, as_json=asked.json)
    return 0


def start_run(client: Client, asked: argparse.Namespace) -> int:
    if asked.file == "-" and asked.input == "-":
        raise Usage("Standard input can be the file or the input, not both.")
    if asked.many is not None:
        if asked.wait or asked.file or asked.input != "{}":
            raise Usage("--many goes with neither --input, --file nor --wait.")
        started = client.runs.start_many(asked.agent, read_objects(asked.many), idempotency_key=asked.idempotency_key)
        print_list(started, COLUMNS, as_json=asked.json)
        return 0
    run = client.runs.start(
        asked.agent,
        read_object(asked.input, "--input"),
        file=None if asked.file is None else source(asked.file),
        sheet=asked.sheet,
        fresh=asked.fresh,
        idempotency_key=asked.idempotency_key,
    )
    if not asked.wait:
        return _shown(run, asked, 0)
    say(f"{run.ref} is accepted: {run.id}")
    with Progress(sys.stderr) as progress:
        for event in client.runs.watch(run):
            progress.show(event)
    ended = client.runs.get(run)
    return _shown(ended, asked, _code(ended))


def watch_run(client: Client, asked: argparse.Namespace) -> int:
    if asked.json:
        for event in client.runs.watch(asked.run):
            print_json(event)
        return _code(client.runs.get(asked.run))
    with Progress(sys.stdout) as progress:
        for event in client.runs.watch(asked.run):
            if event.is_open:
                progress.show(event)
    run = client.runs.get(asked.run)
    print(state(run))
    return _code(run)


def get_run(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.runs.get(asked.run), asked, 0)


def cancel_run(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.runs.cancel(asked.run), asked, 0)


def result_of_run(client: Client, asked: argparse.Namespace) -> int:
    run = client.runs.wait(asked.run, timeout=asked.timeout)
    if run.status != "succeeded":
        say(state(run))
        return FAILED
    if asked.format != "json":
        client.runs.download(run, target(asked.output, binary=asked.format == "xlsx"), asked.format)
    elif asked.output is None:
        print_json(run.output)
    else:
        asked.output.write_text(json.dumps(run.output, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _code(run: Run) -> int:
    return 0 if run.status == "succeeded" else FAILED


def _shown(run: Run, asked: argparse.Namespace, code: int) -> int:
    if asked.json:
        print_json(run)
        return code
    facts(
        {
            "Run": f"{run.ref}  {run.id}",
            "Agent": f"{run.agent} {run.agent_version}",
            "Status": state(run).removeprefix(run.ref).strip(),
            "Source": run.source,
            "By": run.started_by,
            "Accepted": moment(run.created_at),
            "Ended": moment(run.finished_at),
        }
    )
    return code
