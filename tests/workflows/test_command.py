"""`manage.py workflow`: workflows that are kept in files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows.models import Workflow

TEXT = """
name: greet
title: Greet
inputs: {who: {type: text}}
steps:
  hello: {kind: transform, set: {text: "Hello ${inputs.who}"}}
outputs: {text: "${steps.hello.text}"}
"""


def run(*argv: str) -> str:
    out = io.StringIO()
    call_command("workflow", "acme", *argv, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "greet.yaml"
    path.write_text(TEXT)
    return path


def test_a_file_is_compared_applied_published_and_exported(acme: Tenant, file: Path) -> None:
    with pytest.raises(SystemExit):
        run("diff", "-f", str(file))
    assert "stored as a draft" in run("apply", "-f", str(file))
    assert run("diff", "-f", str(file)) == "Nothing would change.\n"
    file.write_text(TEXT.replace("Hello", "Good day"))
    told = run("apply", "-f", str(file), "--publish", "--note", "Politer")
    assert "Step `hello`, set: text was Hello ${inputs.who}, and is Good day ${inputs.who}." in told
    assert "greet is published as version 1." in told
    assert "version 1" in run("list")
    exported = run("export", "greet")
    file.write_text(exported)
    assert run("diff", "-f", str(file)) == "Nothing would change.\n"
    with tenant_context(acme):
        assert Workflow.objects.get().title == "Greet"


def test_what_is_wrong_with_a_file_is_told_with_its_place(acme: Tenant, file: Path) -> None:
    file.write_text(TEXT.replace("inputs.who", "inputs.whom"))
    with pytest.raises(CommandError, match=r"steps\.hello\.set\.text: .*there are who"):
        run("apply", "-f", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        run("apply", "-f", str(file.with_name("nothing.yaml")))
    assert not Workflow.objects.exists()


def test_an_unknown_tenant_is_told(data: Any) -> None:
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        call_command("workflow", "nobody", "list")
