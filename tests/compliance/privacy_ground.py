"""A person, met in every kind of storage: what tests of privacy look for, and must not find again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from apps.accounts.auditing import ROLE_SET
from apps.accounts.models import User
from apps.agents.models import AgentDecision, AgentMessage, AgentResult, AgentReview, AgentRun
from apps.ai.models import ModelCall
from apps.audit.services import Record, record_many
from apps.common.privacy import Person
from apps.datasets.services import dataset_from_frame
from apps.gateway.models import RefreshToken
from apps.tenants.context import current_tenant
from apps.tenants.fields import payload_fields
from apps.tenants.storage import file_open
from apps.workflows.models import Approval, StepRun, Workflow, WorkflowRun, WorkflowVersion

NAME, EMAIL, NUMBER = "Ana Pérez-Quispe", "ana.perez@people.example", "KD-90817"
OTHER = ("Bo Lindqvist", "bo@people.example", "KD-90818")
ANA = (NAME, EMAIL, NUMBER)


def plant(ana: User, *, times: int) -> int:
    """Have the person in `times` records of each kind, beside another one. Returns how many records name them."""
    planted = sum(kind(ana, times) for kind in _PLANTING)
    return planted + 2  # the account, and its address


def _audit(ana: User, times: int) -> int:
    said = [Record(ROLE_SET, who=ana, before={"role": "x"}, after={"role": str(n)}) for n in range(times)]
    with transaction.atomic():
        record_many(said)
    return times


def _datasets(ana: User, times: int) -> int:
    import polars

    names = ("name", "mail", "customer")
    people = [dict(zip(names, who, strict=True)) for who in (ANA, OTHER, ("Cy Young", "cy@people.example", "KD-1"))]
    for n in range(times):
        frame = polars.DataFrame([{"sum": n + row, **who} for row, who in enumerate(people)])
        dataset_from_frame(frame=frame, name=f"table {n}", filename=f"table {n}.parquet", user=None)
    return times


def _runs(ana: User, times: int) -> int:
    now = timezone.now()
    for n in range(times):
        common: dict[str, Any] = {"agent_key": "dummy.idle", "agent_version": "1", "origin": "api", "started_at": now}
        for who, user in ((ANA, ana), (OTHER, None)):
            run = AgentRun.objects.create(
                **common, status="succeeded", input={"customer": who[2], "sum": n}, headline=f"{who[0]}: fine",
                created_by=user, finished_at=now,
            )  # fmt: skip
            AgentResult.objects.create(run=run, output={"rows": [{"who": who[1], "score": n}]})
            decision = AgentDecision.objects.create(
                run=run, position=0, agent_key="dummy.idle", agent_version="1", verdict="yes",
                record={"subject": who[0], "reasons": [{"text": f"{who[0]} pays"}]},
            )  # fmt: skip
            AgentReview.objects.create(decision=decision, number=1, verdict="yes", reason=f"I know {who[0]}")
            AgentMessage.objects.create(
                run=run, number=1, kind="answer", status="succeeded", asked={"question": f"Who is {who[2]}?"},
                said={"text": f"{who[0]}."}, by=user,
            )  # fmt: skip
            ModelCall.objects.create(
                purpose="answer", provider_name="p", model_name="m", status="succeeded", until=now,
                sent={"messages": [{"content": f"about {who[1]}"}]}, answered={"text": who[0]}, user=user,
            )  # fmt: skip
    return 6 * times


def _workflows(ana: User, times: int) -> int:
    flow = Workflow.objects.create(name=f"w-{uuid4().hex[:8]}", title="Flow")
    version = WorkflowVersion.objects.create(workflow=flow, number=1, content="{}")
    now = timezone.now()
    for n in range(times):
        for who in (ANA, OTHER):
            run = WorkflowRun.objects.create(
                workflow=flow, version=version, status="succeeded", inputs={"mail": who[1]}, outputs={"n": n},
                origin="api", finished_at=now,
            )  # fmt: skip
            StepRun.objects.create(
                run=run, step=0, item=-1, attempt=1, ended=True, outcome="succeeded", output={"of": who[2]}, at=now
            )
            Approval.objects.create(
                run=run, step="ask", question={"text": f"Pay {who[0]}?"}, comment=f"{who[0]} called", roles=["owner"],
                due_at=now, decided_at=now, approved=True,
            )  # fmt: skip
    return 3 * times


def _gateway(ana: User, times: int) -> int:
    now = timezone.now() + timedelta(days=1)
    RefreshToken.objects.bulk_create(
        RefreshToken(family=uuid4(), user=ana, digest=uuid4().bytes, expires_at=now, family_expires_at=now)
        for _ in range(times)
    )
    return times


_PLANTING: tuple[Callable[[User, int], int], ...] = (_audit, _datasets, _runs, _workflows, _gateway)


def names_left(person: Person) -> list[str]:
    """Every place of the tenant that names a person: each column of each row of each table, opened where it is sealed,
    and every file. It knows nothing of what apps declare."""
    return [place for place, said in everything() if person.is_in(said)]


def everything() -> Iterator[tuple[str, Any]]:
    for model in _models():
        sealed = {each.name for each in payload_fields(model)}
        for row in model._base_manager.all().iterator(chunk_size=500):
            for column in model._meta.concrete_fields:
                if isinstance(column, models.CompositePrimaryKey):
                    continue
                value = getattr(row, column.attname)
                if column.name in sealed or isinstance(value, str | int | list | dict):
                    yield f"{model._meta.label}.{column.name} {row.pk}", value
    yield from _files()


def _models() -> list[type[models.Model]]:
    with connection.cursor() as cursor:
        cursor.execute("select table_name from information_schema.tables where table_schema = current_schema()")
        here = {name for (name,) in cursor.fetchall()}
    return [each for each in apps.get_models(include_auto_created=True) if each._meta.db_table in here]


def _files() -> Iterator[tuple[str, Any]]:
    import polars

    root = Path(settings.VAR) / "files" / current_tenant().schema_name
    for path in sorted(root.rglob("*")):
        if path.is_file():
            with file_open(path.resolve()) as file:
                raw = file.read()
            if path.suffix == ".parquet":
                for row in polars.read_parquet(BytesIO(raw)).to_dicts():
                    yield f"{path.name} row {row['__row__']}", row
            else:
                yield path.name, raw.decode("latin-1")


def others() -> dict[str, str]:
    """What is held of the other person, by place. What is told of a table as a whole follows from its rows."""
    bo, follows = Person(OTHER), ("datasets.Dataset.columns", "datasets.Dataset.preview")
    said = ((place, said) for place, said in everything() if not place.startswith(follows) and bo.is_in(said))
    return {place: json.dumps(value, sort_keys=True, default=str) for place, value in said}
