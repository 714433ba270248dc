"""`orchestrall agents …`"""

from __future__ import annotations

import argparse
import json
from typing import Any

from orchestrall_client.cli.output import clean, facts, print_json, print_list
from orchestrall_client.cli.parsing import Group
from orchestrall_client.client import Client

COLUMNS: dict[str, Any] = {
    "key": lambda agent: agent.key,
    "title": lambda agent: agent.title,
    "version": lambda agent: agent.version,
    "summary": lambda agent: agent.summary,
}


def add(group: Group) -> None:
    group.command("list", list_agents, "The agents that you can run.")
    show = group.command("show", show_agent, "What an agent takes and gives, and inputs that work.")
    show.add_argument("agent", metavar="AGENT", help="its key")


def list_agents(client: Client, asked: argparse.Namespace) -> int:
    print_list(client.agents.list(), COLUMNS, as_json=asked.json)
    return 0


def show_agent(client: Client, asked: argparse.Namespace) -> int:
    agent = client.agents.get(asked.agent)
    if asked.json:
        print_json(agent)
        return 0
    facts({"Agent": f"{agent.key} {agent.version}", "Title": agent.title, "Industry": agent.industry})
    print(f"\n{clean(agent.summary)}\n")
    if agent.table_field:
        print(f"A file feeds its table, `{clean(agent.table_field)}`.\n")
    print("Input:")
    for name, field in agent.input_schema.get("properties", {}).items():
        must = "needed" if name in agent.input_schema.get("required", []) else "optional"
        print(f"  {clean(name)}  ({clean(_kind(field))}, {must})  {clean(field.get('description', ''))}".rstrip())
    for example in agent.examples[:1]:
        print(f"\nAn input that works (cut):\n  {clean(json.dumps(example, ensure_ascii=False))[:400]}")
    return 0


def _kind(field: dict[str, Any]) -> str:
    """The type of a field in a word or two; that of another part of the schema is an object."""
    kinds = [each.get("type", "object") for each in field.get("anyOf", [field])]
    return " or ".join(kind for kind in kinds if kind != "null")
