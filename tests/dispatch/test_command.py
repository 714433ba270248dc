"""`manage.py dispatch`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.common.ids import uuid7
from apps.dispatch.board import Board
from apps.tenants.models import Tenant
from tests.dispatch.conftest import KIND, Take, expire, run_turn, scheduled
from tests.dummy.handlers import DummyWork


def run(*words: str) -> str:
    out = StringIO()
    call_command("dispatch", *words, stdout=out)
    return out.getvalue()


def test_it_says_when_there_is_nothing(take: Take) -> None:
    assert run("status") == "There is no work.\n"
    assert run("dead") == "Nothing was given up.\n"


def test_what_was_given_up_is_listed_and_requeued(take: Take, acme: Tenant, board: Board) -> None:
    [id] = scheduled()
    for _ in range(3):
        take()
        expire(id)
    run_turn(acme, board)
    assert f"t_acme {KIND} {id} 3 workers died" in run("dead")
    assert "dead   1" in run("status")
    assert run("requeue", KIND, str(id), "--schema", "t_acme") == "It is queued again.\n"
    assert DummyWork.revived == [id]


@pytest.mark.parametrize(
    ("kind", "schema", "words"),
    [("no.kind", "t_acme", "The kinds are"), (KIND, "t_nobody", "tenant list"), (KIND, "t_acme", "was given up")],
)
def test_a_requeue_of_nothing_is_refused_with_words(take: Take, kind: str, schema: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run("requeue", kind, str(uuid7()), "--schema", schema)


def test_it_rebuilds_the_rows_of_every_tenant(take: Take) -> None:
    run("rebuild")  # what every tenant has, whatever else it does
    DummyWork.wanted.append(uuid7())
    assert run("rebuild") == "3 rows were made.\n"
