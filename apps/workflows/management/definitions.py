"""Verbs of `manage.py workflow` about what workflows do: files of theirs, and blueprints."""

from __future__ import annotations

import sys
from typing import Any

from apps.common.errors import InvalidInput, Issue, NotFound
from apps.common.permissions import Platform
from apps.common.yamls import line_of
from apps.workflows import defining, selectors
from apps.workflows.blueprints import blueprint_lacks, blueprint_use, blueprints_list
from apps.workflows.checking import definition_check
from apps.workflows.definition import Definition, definition_load, definition_yaml
from apps.workflows.differences import definition_difference
from apps.workflows.management.verbs import Parsers, Verbs, text_of
from apps.workflows.models import Workflow


class DefinitionVerbs(Verbs):
    def _add_definitions(self, verbs: Parsers) -> None:
        verbs.add_parser("list", help="show the workflows with what is published of them")
        export = verbs.add_parser("export", help="write a workflow as YAML to the screen")
        export.add_argument("name")
        export.add_argument("--version", type=int, help="a published version; the draft, or the latest, if not given")
        diff = verbs.add_parser(
            "diff", help="say in words what a file would change; exits with 1 when it would change something"
        )
        apply = verbs.add_parser("apply", help="check a file and store it as the draft")
        for each in (diff, apply):
            each.add_argument("-f", "--file", required=True, help="YAML or JSON; - for standard input")
        verbs.add_parser("blueprints", help="show the workflows that the tenant's industries bring")
        use = verbs.add_parser("use", help="make a workflow of a blueprint, under its name or the next that is free")
        use.add_argument("key", help="from the list of blueprints")
        for each in (apply, use):
            each.add_argument("--publish", action="store_true", help="let new runs follow it at once")
        apply.add_argument("--note", default="", help="what changed, in a sentence")

    def _list(self, **_: Any) -> None:
        found = selectors.workflows_list(who=Platform())
        width = max((len(each.name) for each in found), default=4)
        for each in found:
            self.stdout.write(f"{each.name:{width}}  {each.published or 'not published'}  {each.title}")

    def _export(self, *, name: str, version: int | None, **_: Any) -> None:
        workflow = selectors.workflow_get(who=Platform(), name=name)
        found = selectors.version_get(who=Platform(), workflow=workflow, number=version)
        self.stdout.write(definition_yaml(found.definition), ending="")

    def _diff(self, *, file: str, **_: Any) -> None:
        changes = _changes(_checked(file))
        for change in changes:
            self.stdout.write(change)
        if changes:
            sys.exit(1)
        self.stdout.write("Nothing would change.")

    def _apply(self, *, file: str, publish: bool, note: str, **_: Any) -> None:
        wanted = _checked(file)
        changes = _changes(wanted)
        if not changes:
            self.stdout.write(f"{wanted.name} is as the file says; nothing was changed.")
            return
        workflow = defining.workflow_save(who=Platform(), user=None, definition=wanted)
        for change in changes:
            self.stdout.write(change)
        self._stored(workflow, publish=publish, note=note)

    def _blueprints(self, **_: Any) -> None:
        found = blueprints_list(who=Platform())
        width = max((len(each.key) for each in found), default=3)
        for each in found:
            lacks = " ".join(blueprint_lacks(each))
            self.stdout.write(f"{each.key:{width}}  {each.title}{f': cannot be used. {lacks}' if lacks else ''}")

    def _use(self, *, key: str, publish: bool, **_: Any) -> None:
        workflow = blueprint_use(who=Platform(), user=None, key=key)
        self._stored(workflow, publish=publish, note=f"From the blueprint {key}")

    def _stored(self, workflow: Workflow, *, publish: bool, note: str) -> None:
        if publish:
            version = defining.workflow_publish(who=Platform(), user=None, workflow=workflow, note=note)
            self.stdout.write(f"{workflow.name} is published as {version}.")
        else:
            self.stdout.write(f"{workflow.name} is stored as a draft; publish it with --publish or in the console.")


def _checked(file: str) -> Definition:
    """The definition in a file. Raises `InvalidInput` with file and line of each place that is wrong."""
    text = text_of(file)
    try:
        wanted = definition_load(text)
        definition_check(wanted, selectors.TenantCatalogue())
    except InvalidInput as problem:
        raise InvalidInput(problem.detail, issues=[_placed(issue, file, text) for issue in problem.issues]) from problem
    return wanted


def _placed(issue: Issue, file: str, text: str) -> Issue:
    line = line_of(text, issue.path)
    return issue.model_copy(update={"path": f"{file}:{line} {issue.path}"}) if line else issue


def _changes(wanted: Definition) -> list[str]:
    try:
        workflow: Workflow = selectors.workflow_get(who=Platform(), name=wanted.name)
    except NotFound:
        return [f"The workflow {wanted.name} is new."]
    former = selectors.version_get(who=Platform(), workflow=workflow, number=None)
    return definition_difference(former.definition, wanted)
