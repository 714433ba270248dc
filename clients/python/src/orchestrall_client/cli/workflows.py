"""`orchestrall workflows …` and `orchestrall blueprints …`"""

from __future__ import annotations

import argparse
from itertools import islice
from typing import Any

from orchestrall_client.cli.output import facts, moment, print_json, print_list, table
from orchestrall_client.cli.parsing import Group, at_least_one, read_object
from orchestrall_client.client import Client
from orchestrall_client.workflow_models import WorkflowDetail

COLUMNS: dict[str, Any] = {
    "name": lambda workflow: workflow.name,
    "published": lambda workflow: workflow.published or "",
    "draft": lambda workflow: "yes" if workflow.has_draft else "",
    "paused": lambda workflow: "yes" if workflow.is_paused else "",
    "title": lambda workflow: workflow.title,
}
VERSIONS: dict[str, Any] = {
    "version": lambda version: version.number,
    "in use": lambda version: "yes" if version.is_published else "",
    "published": lambda version: moment(version.published_at),
    "by": lambda version: version.published_by,
    "note": lambda version: version.note,
}
TRIGGERS: dict[str, Any] = {
    "id": lambda trigger: trigger.id,
    "kind": lambda trigger: trigger.kind,
    "on": lambda trigger: "yes" if trigger.is_enabled else "",
    "next": lambda trigger: trigger.next_times[0].told if trigger.next_times else "",
    "what": lambda trigger: trigger.problem or trigger.told,
}
BLUEPRINTS: dict[str, Any] = {
    "key": lambda blueprint: blueprint.key,
    "title": lambda blueprint: blueprint.title,
    "what": lambda blueprint: blueprint.summary,
}


def add(group: Group) -> None:
    """The commands about workflows."""
    listing = group.command("list", list_workflows, "The workflows that are in use.")
    listing.add_argument("--q", default="", metavar="WORDS", help="only those whose name or title contains the words")
    listing.add_argument("--tag", default="", help="only those with this tag")
    listing.add_argument("--limit", type=at_least_one, default=20, help="how many at most (%(default)s)")

    group.command("get", get_workflow, "A workflow, and what starts it; with --json what it says too.").add_argument(
        "workflow", metavar="NAME"
    )
    create = group.command("create", create_workflow, "Make a workflow of a definition, as a draft.", examples=_CREATE)
    save = group.command("save", save_workflow, "Keep a definition as the draft of the workflow of its name.")
    for each in (create, save):
        each.add_argument("definition", metavar="JSON", help="the definition: JSON, @FILE, or - for standard input")
    publish = group.command("publish", publish_workflow, "Let new runs follow the draft.")
    rollback = group.command("rollback", rollback_workflow, "Publish an earlier version again, as a new one.")
    for each in (publish, rollback):
        each.add_argument("workflow", metavar="NAME")
    publish.add_argument("--note", default="", help="what changed, in a sentence")
    rollback.add_argument("version", type=at_least_one, metavar="NUMBER")
    for name, call, text in (
        ("versions", versions_of_workflow, "What was published of a workflow, newest first."),
        ("triggers", triggers_of_workflow, "What starts a workflow by itself."),
        ("pause", pause_workflow, "Let no trigger start a workflow."),
        ("resume", resume_workflow, "Let triggers start a workflow again."),
        ("archive", archive_workflow, "Let nothing start a workflow any more; its runs and versions stay."),
    ):
        group.command(name, call, text).add_argument("workflow", metavar="NAME")


def add_blueprints(group: Group) -> None:
    """The commands about blueprints."""
    group.command("list", list_blueprints, "The workflows that your industries bring.")
    use = group.command("use", use_blueprint, "Make a workflow of a blueprint, as a draft.")
    use.add_argument("key", metavar="KEY", help="see orchestrall blueprints list")
    use.add_argument("--publish", action="store_true", help="let new runs follow it at once")
    show = group.command("get", get_blueprint, "What a blueprint needs here, and what a set-up asks.")
    show.add_argument("key", metavar="KEY", help="see orchestrall blueprints list")
    text = "Make a workflow of a blueprint by a few answers."
    made = group.command("set-up", set_up_blueprint, text, examples=_SET_UP)
    made.add_argument("key", metavar="KEY", help="see orchestrall blueprints list")
    made.add_argument("--title", default="", help="how it is called; as the blueprint, where it is left out")
    made.add_argument("--values", default="{}", metavar="JSON", help="what its inputs are: JSON, @FILE, or - for input")
    made.add_argument("--role", action="append", default=[], metavar="ROLE", help="who decides; may be repeated")
    made.add_argument("--cron", default="", metavar="TIMES", help="when it runs by itself, such as '0 7 * * MON'")
    made.add_argument("--zone", default="UTC", metavar="ZONE", help="whose clocks are meant, such as Europe/Berlin")
    made.add_argument("--publish", action="store_true", help="let new runs follow it at once")
    made.add_argument("--run", action="store_true", help="publish it, and start a run of it")
    made.add_argument("--sample", type=int, metavar="NUMBER", help="start the run with this sample of the blueprint")


_SET_UP = """\
  orchestrall blueprints set-up logistics.diesel_budget --values '{"budget": 900000}' --role approver
  orchestrall blueprints set-up retail.weekly_demand_review --run --sample 0"""
_CREATE = """\
  orchestrall workflows create @restock.json
  yq -o json restock.yaml | orchestrall workflows create -"""


def list_workflows(client: Client, asked: argparse.Namespace) -> int:
    found = client.workflows.list(q=asked.q, tag=asked.tag, order="name")
    print_list(islice(found, asked.limit), COLUMNS, as_json=asked.json)
    return 0


def get_workflow(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflows.get(asked.workflow), asked)


def create_workflow(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflows.create(read_object(asked.definition, "the definition")), asked)


def save_workflow(client: Client, asked: argparse.Namespace) -> int:
    definition = read_object(asked.definition, "the definition")
    return _shown(client.workflows.save(str(definition.get("name", "")), definition), asked)


def publish_workflow(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflows.publish(asked.workflow, note=asked.note), asked)


def rollback_workflow(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflows.rollback(asked.workflow, asked.version), asked)


def versions_of_workflow(client: Client, asked: argparse.Namespace) -> int:
    print_list(client.workflows.versions(asked.workflow), VERSIONS, as_json=asked.json)
    return 0


def triggers_of_workflow(client: Client, asked: argparse.Namespace) -> int:
    print_list(client.triggers.list(asked.workflow), TRIGGERS, as_json=asked.json)
    return 0


def pause_workflow(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflows.pause(asked.workflow), asked)


def resume_workflow(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.workflows.resume(asked.workflow), asked)


def archive_workflow(client: Client, asked: argparse.Namespace) -> int:
    client.workflows.archive(asked.workflow)
    if asked.json:
        print_json({"archived": asked.workflow})
    else:
        print(f"Archived {asked.workflow}")
    return 0


def list_blueprints(client: Client, asked: argparse.Namespace) -> int:
    print_list(client.blueprints.list(), BLUEPRINTS, as_json=asked.json)
    return 0


def get_blueprint(client: Client, asked: argparse.Namespace) -> int:
    blueprint = client.blueprints.get(asked.key)
    if asked.json:
        print_json(blueprint)
        return 0
    facts(
        {
            "Blueprint": f"{blueprint.title}  {blueprint.key}",
            "What": blueprint.summary,
            "Asks for": ", ".join(blueprint.values_schema.get("properties", {})),
            "Decides": ", ".join(blueprint.roles),
            "Missing": " ".join(blueprint.lacks),
        }
    )
    print()
    table(["needs", "state", "what to do"], [[each.title, each.state, each.text] for each in blueprint.requirements])
    if blueprint.samples:
        print()
        table(["sample", "title", "ends"], [[str(each.number), each.title, each.ends] for each in blueprint.samples])
    return 0


def set_up_blueprint(client: Client, asked: argparse.Namespace) -> int:
    made = client.blueprints.set_up(
        asked.key,
        title=asked.title,
        values=read_object(asked.values, "--values"),
        roles=asked.role,
        schedule={"cron": asked.cron, "zone": asked.zone} if asked.cron else None,
        publish=asked.publish or asked.run,
        run=asked.run,
        sample=asked.sample,
    )
    if asked.json:
        print_json(made)
        return 0
    if made.run is not None:
        print(f"Started {made.run.ref}\n")
    return _shown(made.workflow, asked)


def use_blueprint(client: Client, asked: argparse.Namespace) -> int:
    made = client.blueprints.use(asked.key)
    if asked.publish:
        made = client.workflows.publish(made, note=f"From the blueprint {asked.key}")
    return _shown(made, asked)


def _shown(workflow: WorkflowDetail, asked: argparse.Namespace) -> int:
    if asked.json:
        print_json(workflow)
        return 0
    states = [
        f"version {workflow.published}" if workflow.published else "not published",
        *(["a draft"] if workflow.has_draft else []),
        *(["paused"] if workflow.is_paused else []),
        *(["archived"] if workflow.archived_at else []),
    ]
    facts(
        {
            "Workflow": f"{workflow.title}  {workflow.name}",
            "State": ", ".join(states),
            "Owner": workflow.owner,
            "Tags": ", ".join(workflow.tags),
            "Changes": " ".join(workflow.changes),
        }
    )
    if workflow.triggers:
        print()
        rows = [[each.told, "" if each.is_enabled else "turned off"] for each in workflow.triggers]
        table(["started", "state"], rows)
    return 0
