"""How a program starts the run that a person starts on an agent's page: text to copy."""

from __future__ import annotations

import json
import shlex
from pprint import pformat
from typing import Any

from apps.agents.contract import Agent

KEY = "ORCHESTRALL_KEY"


def curl(agent: Agent[Any, Any, Any], url: str) -> str:
    """With a file for an agent that starts from a table, else with JSON."""
    head = f'curl -H "Authorization: Bearer ${KEY}" \\\n'
    if _by_file(agent):
        return f"{head}     -F file=@table.csv -F {shlex.quote('input=' + _json(_beside_table(agent)))} \\\n     {url}"
    body = shlex.quote(_json({"input": _sample(agent)}))
    return f"{head}     -H 'Content-Type: application/json' -d {body} \\\n     {url}"


def python(agent: Agent[Any, Any, Any], url: str) -> str:
    """Start a run and wait for its end, with `requests`."""
    if _by_file(agent):
        given = pformat(_beside_table(agent), width=60, sort_dicts=False)
        sent = f'    files={{"file": open("table.csv", "rb")}},\n    data={{"input": json.dumps({given})}},\n'
    else:
        given = pformat(_sample(agent), width=60, sort_dicts=False)
        sent = f'    json={{"input": {given}}},\n'
    return f"""\
import json, os, requests

host = {_host(url)!r}
headers = {{"Authorization": "Bearer " + os.environ[{KEY!r}]}}
answer = requests.post(
    host + {url.removeprefix(_host(url))!r}, headers=headers,
{sent})
answer.raise_for_status()
run = answer.json()
while run["status"] in ("queued", "running"):
    run = requests.get(host + "/api/v1/runs/" + run["id"], headers=headers, params={{"wait": 30}}).json()
print(run["status"], run["headline"])
"""


def _host(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _by_file(agent: Agent[Any, Any, Any]) -> bool:
    """Whether the call sends a file: an agent that can do without a table may be shown best with JSON."""
    return agent.table_required or agent.table_field in _sample(agent)


def _sample(agent: Agent[Any, Any, Any]) -> dict[str, Any]:
    return agent.examples[0].input if agent.examples else {}


def _beside_table(agent: Agent[Any, Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in _sample(agent).items() if name != agent.table_field}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
