"""`manage.py workflow`: workflows that are kept in files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from apps.dispatch.board import Board
from apps.tenants.context import forget, tenant_context
from apps.tenants.models import Tenant
from apps.workflows.models import Workflow, WorkflowRun
from tests.workflows.conftest import Work, doom

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
    with pytest.raises(CommandError, match=r"greet\.yaml:6 steps\.hello\.set\.text: .*there are who"):
        run("apply", "-f", str(file))
    file.write_text(TEXT.replace("kind: transform", "kind: ["))
    with pytest.raises(CommandError, match=r"line 6, column \d+: "):
        run("diff", "-f", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        run("apply", "-f", str(file.with_name("nothing.yaml")))
    assert not Workflow.objects.exists()


@pytest.fixture
def asking(acme: Tenant, board: Board, file: Path) -> Path:
    """A published workflow `ask`, whose runs ask a person before they greet."""
    file.write_text(
        TEXT.replace("name: greet", "name: ask").replace(
            "steps:\n", 'steps:\n  may: {kind: approval, question: "Greet ${inputs.who}?", roles: [approver]}\n'
        )
    )
    run("apply", "-f", str(file), "--publish")
    return file


def test_a_run_is_started_answered_shown_and_taken_up_again(
    asking: Path, member: Callable[..., User], worked: Work
) -> None:
    member("approver", email="approver@acme.example")
    ref, *told = run("start", "ask", "--inputs", '{"who": "Ana"}').split()
    assert told == ["is", "accepted."]
    worked()
    [id, asked_by, *_, question] = run("approvals").split(maxsplit=5)
    assert (asked_by, question) == (ref, "Greet Ana?\n")
    assert run("runs", "--status", "open").split()[:2] == [ref, "waiting"]
    with pytest.raises(CommandError, match="no active member"):
        run("decide", id, "yes", "--as", "nobody@acme.example")
    with pytest.raises(CommandError, match="A no needs a comment"):
        run("decide", id, "no", "--as", "approver@acme.example")
    assert run("decide", id, "yes", "--as", "approver@acme.example").endswith(f"answered yes: {ref} goes on.\n")
    worked()
    shown = run("show", ref.lower())
    assert shown.startswith(f"{ref} of ask, version 1: succeeded\n")
    assert 'outputs  {"text": "Hello Ana"}' in shown
    assert "succeeded may" in shown
    with pytest.raises(CommandError, match="--step NAME"):
        run("retry", ref, "--given", "{}")
    with pytest.raises(CommandError, match="People are asked before"):
        run("retry", ref, "--step", "hello", "--given", '{"text": "Salve"}')
    again, took_up = run("retry", ref, "--step", "hello").split(maxsplit=1)
    assert took_up == f"takes up {ref} from hello.\n"
    worked()
    assert 'outputs  {"text": "Hello Ana"}' in run("show", again)


def test_runs_that_were_given_up_go_on_by_command(asking: Path, acme: Tenant, worked: Work) -> None:
    lost, other = (run("start", "ask", "--inputs", '{"who": "Ana"}').split()[0] for _ in range(2))
    doom(WorkflowRun.objects.get(number=int(lost[2:])))
    worked()
    assert run("requeue", lost, other) == (f"{lost} goes on.\n{other} was not given up; nothing was changed.\n")
    worked()
    assert f"{lost} of ask, version 1: waiting" in run("show", lost)


def test_who_is_not_asked_cannot_answer_by_command(asking: Path, member: Callable[..., User], worked: Work) -> None:
    member("analyst", email="analyst@acme.example")
    run("start", "ask", "--inputs", '{"who": "Ana"}')
    worked()
    id = run("approvals").split()[0]
    with pytest.raises(CommandError, match="role"):
        run("decide", id, "yes", "--as", "analyst@acme.example")


def test_many_runs_are_started_from_a_file_all_or_none(asking: Path) -> None:
    inputs = asking.with_name("inputs.jsonl")
    inputs.write_text('{"who": "Ana"}\n\n{"whom": "Tom"}\n')
    with pytest.raises(CommandError, match=r"1\.inputs\.who: Field required"):
        run("start", "ask", "--many", str(inputs))
    inputs.write_text('{"who": "Ana"}\n{who: "Tom"}\n')
    with pytest.raises(CommandError, match=r"line 2 of .*inputs\.jsonl: this is no JSON"):
        run("start", "ask", "--many", str(inputs))
    assert run("runs") == ""
    inputs.write_text('{"who": "Ana"}\n{"who": "Tom"}\n')
    assert len(run("start", "ask", "--many", str(inputs)).splitlines()) == 2


def test_an_open_run_is_paused_resumed_and_cancelled(asking: Path, worked: Work) -> None:
    run("start", "ask", "--inputs", '{"who": "Ana"}')
    ref = run("runs").split()[0]
    for verb, status in (("pause", "paused"), ("resume", "waiting"), ("cancel", "cancelled")):
        assert run(verb, ref).startswith(ref)
        worked()
        assert run("runs").split()[1] == status
    with pytest.raises(CommandError, match="has already ended"):
        run("cancel", ref)
    with pytest.raises(CommandError, match="no run 'W-999999' here"):
        run("show", "W-999999")


def test_blueprints_are_listed_with_what_they_lack_and_used(acme: Tenant) -> None:
    told = run("blueprints")
    assert ["retail.weekly_demand_review", "Weekly demand review"] in [
        line.split(maxsplit=1) for line in told.splitlines()
    ]
    assert "stored as a draft" in run("use", "retail.weekly_demand_review")
    assert (
        run("use", "retail.weekly_demand_review", "--publish") == "weekly-demand-review-2 is published as version 1.\n"
    )
    Tenant.objects.filter(pk=acme.pk).update(industries=["finance"])
    forget()
    assert run("blueprints").endswith(
        "cannot be used. There is no agent 'retail.demand_forecaster' in your industries.\n"
    )


def test_an_unknown_tenant_is_told(data: Any) -> None:
    with pytest.raises(CommandError, match="no tenant 'nobody'"):
        call_command("workflow", "nobody", "list")
