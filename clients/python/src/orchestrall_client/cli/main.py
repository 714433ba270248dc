"""From the words of a command to its end."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from orchestrall_client.cli import account, agents, datasets, keys, login, runs, workflow_runs, workflows
from orchestrall_client.cli.output import clean, say
from orchestrall_client.cli.parsing import Group
from orchestrall_client.errors import OrchestrallError, Problem, RunFailed, UnexpectedAnswer, Unreachable, WaitExpired
from orchestrall_client.version import __version__

# How a command ends. 1 is for a run that failed or was cancelled.
USAGE, REFUSED, UNREACHABLE, EXPIRED, INTERRUPTED, NO_READER = 2, 3, 4, 5, 130, 141
ENDS = """\
ends with:
  0  done                          3  refused by the server, which says why
  1  the run failed or was         4  the server cannot be reached, or is none of Orchestrall
     cancelled                     5  the time for waiting was over; the run goes on
  2  used wrongly                130  interrupted (Ctrl-C); what was started goes on

examples:
  orchestrall login --url https://acme.example
  orchestrall runs start retail.demand_forecaster --file weekly.csv --input '{"horizon": 4}' --wait
  orchestrall runs list --status failed --json | jq -r .id

`orchestrall COMMAND --help` says more."""


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="orchestrall",
        description="Run the agents and workflows of an organisation of Orchestrall, from a terminal or a script.",
        epilog=ENDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"orchestrall-client {__version__}")
    commands = Group(whole.add_subparsers(dest="command", metavar="COMMAND", required=True))
    account.add(commands)
    agents.add(commands.group("agents", "what can be run"))
    datasets.add(commands.group("datasets", "tables that runs use"))
    runs.add(commands.group("runs", "start agents, watch them, read what they found"))
    workflows.add(commands.group("workflows", "what chains agents, people and systems"))
    workflows.add_blueprints(commands.group("blueprints", "workflows that your industries bring"))
    workflow_runs.add(commands.group("workflow-runs", "start workflows, watch them, take them up again"))
    workflow_runs.add_approvals(commands.group("approvals", "what runs of workflows ask of people"))
    keys.add(commands.group("keys", "API keys, and the one that is kept"))
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command, and return how it ends."""
    asked = parser().parse_args(argv)
    try:
        if hasattr(asked, "alone"):
            return int(asked.alone(asked))
        with login.client_of(asked.url, allow_http=asked.allow_http) as client:
            return int(asked.call(client, asked))
    except KeyboardInterrupt:
        say("\nInterrupted. A run that was started goes on: see orchestrall runs list.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has had enough. What is flushed at the end must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    except OrchestrallError as error:
        _tell(error, as_json=getattr(asked, "json", False))
        return _end(error)
    except (login.Usage, ValueError, OSError) as error:  # an argument, or a file that it names
        say(f"orchestrall: {clean(error)}")
        return USAGE


def _tell(error: OrchestrallError, *, as_json: bool) -> None:
    if as_json and isinstance(error, Problem):
        fields = ("status", "code", "title", "detail", "remedy", "request_id")
        told = {name: getattr(error, name) for name in fields}
        say(json.dumps({**told, "issues": [issue.model_dump() for issue in error.issues]}, ensure_ascii=False))
    else:
        say("orchestrall: " + "\n".join(clean(line) for line in str(error).splitlines()))


def _end(error: OrchestrallError) -> int:
    if isinstance(error, Unreachable | UnexpectedAnswer):
        return UNREACHABLE
    if isinstance(error, WaitExpired):
        return EXPIRED
    return runs.FAILED if isinstance(error, RunFailed) else REFUSED


if __name__ == "__main__":
    sys.exit(main())
