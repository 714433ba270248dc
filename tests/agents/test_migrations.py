"""What migrations do to rows of the release before."""

from __future__ import annotations

import json
from importlib import import_module

from django.apps import apps
from django.db import connection

from apps.agents.models import AgentRun
from apps.tenants.models import Tenant


def test_why_a_run_failed_is_sealed_and_reads_as_before(acme: Tenant) -> None:
    problem = {"code": "invalid_input", "title": "t", "detail": "Row 3: “Zurich” is not a number.", "remedy": "r"}
    made = {"agent_key": "dummy.counter", "agent_version": "1.0", "input": {}, "origin": "api"}
    failed, well = AgentRun.objects.create(**made), AgentRun.objects.create(**made)
    with connection.cursor() as cursor:
        cursor.execute("update agents_agentrun set problem = %s where id = %s", [json.dumps(problem), failed.pk])
        with connection.schema_editor() as editor:
            import_module("apps.agents.migrations.0002_problems_are_payloads").move(apps, editor)
        cursor.execute("select string_agg(row_to_json(r)::text, '') from agents_agentrun r")
        (rows,) = cursor.fetchone()
    assert "Zurich" not in rows
    assert b"Zurich".hex() not in rows
    failed.refresh_from_db()
    well.refresh_from_db()
    assert (failed.problem, failed.problem_code) == (problem, "invalid_input")
    assert (well.problem, well.problem_code) == (None, "")
