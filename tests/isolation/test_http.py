"""Every operation of a tenant's host, times every attack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.factories import make_member
from tests.isolation.attacks import ALWAYS, ATTACKS, CLASSES, LEAST, Attack, Try, applicable, everyday
from tests.isolation.judge import failing, finding
from tests.isolation.operations import Operation, back_office, operations, unknown
from tests.isolation.rows import Watched
from tests.isolation.scene import Answer, Scene, Send, control

Watch = Callable[..., Watched]

GAPS = list(unknown())
OPERATIONS = [operation for operation in operations() if not any(operation.name in each for each in GAPS)]


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves no trace."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()  # tries to sign in are counted there


def test_nothing_of_the_product_is_left_out() -> None:
    assert GAPS == []


every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


@every_operation
def test_owners_are_let_in_at_home_and_no_attack_comes_to_anything(
    operation: Operation, scene: Scene, send: Send, watch: Watch
) -> None:
    findings = []
    for side, other in ((scene.ours, scene.theirs), (scene.theirs, scene.ours)):
        with undone():
            if wrong := failing(operation, side, other, control(operation, side, send)):
                findings.append(f"the owner of {side.slug} at home: {wrong}")
    assert findings + tried(operation, everyday(operation), scene, send, watch) == []


@pytest.mark.slow
@every_operation
def test_no_other_attack_comes_to_anything(operation: Operation, scene: Scene, send: Send, watch: Watch) -> None:
    done = everyday(operation)
    assert tried(operation, [each for each in applicable(operation) if each not in done], scene, send, watch) == []


def test_every_operation_meets_every_class_of_attack_each_day_and_every_attack_meets_every_app() -> None:
    met: dict[str, set[str]] = {}
    possible: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        makes_sense, today = ({each.name for each in of(operation)} for of in (applicable, everyday))
        assert makes_sense & ALWAYS <= today <= makes_sense
        for each in CLASSES:
            of_class = {attack.name for attack in each}
            assert today & of_class or not makes_sense & of_class, f"{operation.name} meets none of {of_class}"
        met.setdefault(operation.app, set()).update(today)
        possible.setdefault(operation.app, set()).update(makes_sense)
    assert met == possible
    assert {attack.name for attack in ATTACKS} >= ALWAYS


def tried(operation: Operation, attacks: list[Attack], scene: Scene, send: Send, watch: Watch) -> list[str]:
    return (reads if operation.method == "GET" else writes)(operation, attacks, scene, send, watch)


def reads(operation: Operation, attacks: list[Attack], scene: Scene, send: Send, watch: Watch) -> list[str]:
    """What is wrong with the answers to the attacks on a read. They change no rows, which is looked at before what
    prepares one and in the end. Some are prepared by a read of its owner, who leaves an entry in the log where a file
    is handed out, and a note where codes are shown once."""
    findings = []
    rows = watch([scene.theirs.schema], with_log=False)
    expected = rows.at_first
    with undone():
        for attack in attacks:
            if attack.prepare and rows.now() != expected:
                findings.append(f"one of the attacks before {attack.name!r} changed rows")
            with attack.attempt(operation, scene, send) as attempt:
                if attack.prepare:
                    expected = rows.now()
                findings += named(attack, attempt, attack.act(attempt), changed=False)
        if rows.now() != expected:
            findings.append("one of the attacks changed rows")
    return findings


def writes(operation: Operation, attacks: list[Attack], scene: Scene, send: Send, watch: Watch) -> list[str]:
    """What is wrong with the answers to the attacks on a write, and with the rows after each of them."""
    findings, schemas = [], [scene.theirs.schema, scene.ours.schema]
    rows = watch(schemas)
    for attack in attacks:
        with undone(), attack.attempt(operation, scene, send) as attempt:
            at_first = rows.now() if attack.prepare else rows.at_first
            answer = attack.act(attempt)
            after = rows.now()
            anywhere = attack.outcome(operation).is_refusal
            changed = at_first != after if anywhere else at_first[schemas[0]] != after[schemas[0]]
            findings += named(attack, attempt, answer, changed=changed)
    return findings


def named(attack: Attack, attempt: Try, answer: Answer, *, changed: bool) -> list[str]:
    wrong = (
        finding(attempt.operation, attack, attempt.scene, answer, changed=changed),
        attack.doubt(attempt, answer),
    )
    return [f"{attack.name}: {each}" for each in wrong if each]


@every_operation
def test_at_least_twelve_attacks_make_sense_for_every_operation(operation: Operation) -> None:
    assert len(applicable(operation)) >= LEAST


def test_every_attack_makes_sense_for_something() -> None:
    tried = {attack.name for operation in OPERATIONS for attack in applicable(operation, on_wire=True)}
    assert tried == {attack.name for attack in ATTACKS}


@pytest.mark.parametrize("route", back_office())
def test_the_back_office_is_the_operators_alone(route: str, operators: Tenant, scene: Scene) -> None:
    address = route.replace("<path:object_id>", str(operators.pk)).replace("<path:content_type_id>", "1")
    address = address.replace("^(?P<app_label>tenants)/$", "tenants/").replace("(?P<url>.*)$", "anything/")
    with tenant_context(operators):
        plain = make_member("owner")
    browser = Client(headers={"host": "operators.localhost"}, raise_request_exception=False)
    for cookie in ("", scene.ours.session, scene.ours.copied_session):
        browser.cookies["sessionid"] = cookie
        answer = browser.get(address)
        assert answer.status_code in {302, 403, 404}, f"{address} with {cookie}"
        assert "login" in answer.headers.get("Location", "login") or address == "/admin/logout/"
    with tenant_context(operators):
        browser.force_login(plain)
    assert browser.get(address).status_code in {302, 403, 404}
    for side in (scene.ours, scene.theirs):
        stranger = Client(headers={"host": f"{side.slug}.localhost"})
        stranger.cookies["sessionid"] = side.session
        assert stranger.get(address).status_code == 404
