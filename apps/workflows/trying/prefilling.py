"""What a person who stands for a system is offered as its answer: what it answered last, else one of its shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apps.workflows.definition import Step
from apps.workflows.kinds.outward import SubWorkflow
from apps.workflows.models import StepRun, Workflow, WorkflowVersion
from apps.workflows.selectors import TenantCatalogue

LATEST: Final = 5
"""Versions that are looked through for a step of this name."""
_SAMPLES: Final[dict[str, Any]] = {
    "string": "", "integer": 0, "number": 0, "boolean": True, "array": [], "object": {}, "null": None,
}  # fmt: skip
DEEPEST: Final = 6


def answer_latest(*, workflow: Workflow | None, name: str, step: Step) -> Any:
    """What the step of this name and kind gave in the newest run that has such a one. Two statements at most.

    None: no run tells.
    """
    if workflow is None:
        return None
    for version in WorkflowVersion.objects.filter(workflow=workflow).exclude(number=None).order_by("-number")[:LATEST]:
        steps = version.definition.steps
        if name in steps and steps[name].kind == step.kind:
            there = StepRun.objects.filter(run__version=version, step=list(steps).index(name), outcome="succeeded")
            row = there.order_by("-run_id", "item").first()
            if row is not None:
                return row.output
    return None


def answer_sample(step: Step) -> Any:
    """An answer of the shape that the step's kind gives."""
    if step.kind == "http":
        return {"status": 200, "headers": {}, "body": {}}
    schema: Mapping[str, Any] = step.gives()
    if isinstance(step, SubWorkflow):
        found = TenantCatalogue().workflow(step.workflow)
        schema = found.gives if found is not None else schema
    return sample_of(schema, schema.get("$defs", {}))


def sample_of(schema: Any, parts: dict[str, Any], depth: int = 0) -> Any:
    """A value that a JSON schema allows, as far as its types tell."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    if "$ref" in schema:
        return sample_of(parts.get(str(schema["$ref"]).rpartition("/")[2]), parts, depth + 1)
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    for name in ("anyOf", "oneOf", "allOf"):
        if schema.get(name):
            return sample_of(schema[name][0], parts, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "null")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        return {name: sample_of(each, parts, depth + 1) for name, each in schema.get("properties", {}).items()}
    return _SAMPLES.get(str(kind))
