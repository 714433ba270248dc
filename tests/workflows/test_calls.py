"""Requests to other systems: what is sent, how often, and what is unknown."""

from __future__ import annotations

import http.server
import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.workflows import calls, services
from apps.workflows.models import HttpCall
from tests.workflows.conftest import MakeWorkflow, Work
from tests.workflows.test_engine import give
from tests.workflows.test_pump import Start, after


class Sink:
    """Another system: it counts what it was asked, by key, and answers as it is told."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.bodies: list[Any] = []
        self.answers: list[int] = []
        """Statuses of the next answers; 0: the connection breaks off after the effect."""
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sink.keys.append(str(self.headers["Idempotency-Key"]))
                sink.bodies.append(json.loads(body))
                status = sink.answers.pop(0) if sink.answers else 200
                if status == 0:
                    self.connection.close()
                    return
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"number": 7}')

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/orders"

    @property
    def effects(self) -> Counter[str]:
        return Counter(self.keys)


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    settings.OUTBOUND_NETWORKS = ["127.0.0.1/32"]
    made = Sink()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def order(sink: Sink, **more: Any) -> dict[str, Any]:
    return {"order": {"kind": "http", "url": sink.url, "body": {"item": 1}, **more}}


def test_an_answer_is_what_the_step_gives(sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work) -> None:
    run = start(workflow(order(sink), outputs={"number": "${steps.order.body.number}"}))
    worked("flow", "io")
    assert after(run).outputs == {"number": 7}
    assert sink.bodies == [{"item": 1}]
    assert HttpCall.objects.get().status == "confirmed"


def test_a_try_that_failed_is_sent_again_with_the_same_key_where_the_other_side_knows_it(
    sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    sink.answers = [503, 0]
    run = start(workflow(order(sink, repeatable=True, retry={"attempts": 4, "delay": "0s"})))
    worked("flow", "io")
    assert after(run).status == "succeeded"
    assert list(sink.effects.values()) == [3]


@pytest.mark.parametrize("answer", [0, 500])
def test_an_outcome_that_nobody_knows_waits_for_a_person_and_is_not_sent_again(
    answer: int, sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    sink.answers = [answer]
    steps = order(sink, retry={"attempts": 4, "delay": "0s"}) | {"then": give("${steps.order.body}")}
    run = start(workflow(steps, outputs={"x": "${steps.then.x}"}))
    worked("flow", "io")
    assert after(run).status == "waiting"
    assert len(sink.keys) == 1
    call = HttpCall.objects.get()
    assert call.status == "unknown"
    calls.call_settle(who=builder, user=builder, call=call, happened=True, note="Looked", body="order 7")
    worked("flow", "io")
    assert after(run).outputs == {"x": "order 7"}
    assert len(sink.keys) == 1


def test_a_person_may_say_that_it_did_not_happen_and_then_it_is_sent(
    sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    sink.answers = [0]
    run = start(workflow(order(sink)))
    worked("flow", "io")
    calls.call_settle(who=builder, user=builder, call=HttpCall.objects.get(), happened=False, note="Looked")
    worked("flow", "io")
    assert after(run).status == "succeeded"
    assert len(set(sink.keys)) == 1
    assert len(sink.keys) == 2


def test_a_process_that_dies_after_sending_leaves_an_unknown_call_and_no_second_one(
    sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(workflow(order(sink)))
    worked()
    real = calls._send

    def die_after(call: HttpCall) -> Any:
        real(call)
        raise MemoryError("the process is gone")

    monkeypatch.setattr(calls, "_send", die_after)
    worked("io")
    monkeypatch.undo()
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.dispatch_work set lease_until = clock_timestamp() - interval '1 second' "
            "where lease_until is not null"
        )
    worked("io", "flow")
    assert HttpCall.objects.get().status == "unknown"
    assert len(sink.keys) == 1
    assert after(run).status in {"running", "waiting"}


def test_what_the_other_side_refuses_is_not_tried_again(
    sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    sink.answers = [422]
    run = start(workflow(order(sink, retry={"attempts": 4, "delay": "0s"})))
    worked("flow", "io")
    assert after(run).status == "failed"
    assert run.problem is not None
    assert run.problem["code"] == "http_422"
    assert len(sink.keys) == 1


def test_an_inner_address_is_refused_before_anything_is_sent(
    workflow: MakeWorkflow, start: Start, worked: Work
) -> None:
    run = start(workflow({"order": {"kind": "http", "url": "http://169.254.169.254/", "body": {}}}))
    worked("flow", "io")
    assert after(run).problem is not None
    assert run.problem is not None
    assert run.problem["code"] == "outbound_refused"


def test_a_retry_sends_the_same_key_and_another_one_once_a_person_changed_what_is_sent(
    sink: Sink, workflow: MakeWorkflow, start: Start, worked: Work, builder: User
) -> None:
    run = start(workflow(order(sink)))
    worked("flow", "io")
    same = services.run_retry(who=builder, user=builder, run=after(run), step="order")
    worked("flow", "io")
    given = {"method": "POST", "url": sink.url, "headers": {}, "body": {"item": 2}}
    services.run_retry(who=builder, user=builder, run=after(same), step="order", given=given)
    worked("flow", "io")
    assert sorted(sink.effects.values()) == [1, 2]
    assert sink.bodies == [{"item": 1}, {"item": 1}, {"item": 2}]
