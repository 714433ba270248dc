"""A request with an `Idempotency-Key` is carried out once, and a repeat gets the same answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.datasets.models import Dataset
from apps.gateway import idempotency, tokens
from apps.gateway.idempotency import LONGEST, REPLAYED
from apps.gateway.models import ApiKey, IdempotentAnswer
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from tests.gateway import urls
from tests.gateway.conftest import Program

Make = Callable[..., User]
Api = Callable[..., APIClient]
RUNS, DATASETS, THINGS = "/api/v1/agents/dummy.counter/runs", "/api/v1/datasets", "/api/v1/things"
INPUT = {"input": {"steps": 2}}

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def owner(member: Make) -> User:
    return member("owner")


@pytest.fixture
def api(api_for: Api, owner: User) -> APIClient:
    return api_for(owner)


def post(api: APIClient, address: str = RUNS, body: Any = INPUT, key: str = "one", **options: Any) -> Any:
    return api.post(address, body, headers={"Idempotency-Key": key}, **options)


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# ---------------------------------------------------------------------------------------------------------- repeats


def test_a_repeat_gets_the_same_answer_and_has_no_second_effect(api: APIClient) -> None:
    first, second = post(api), post(api)
    assert AgentRun.objects.count() == 1
    assert (second.status_code, second.content) == (first.status_code, first.content) == (202, first.content)
    for name in ("Location", "Content-Type"):
        assert second[name] == first[name]
    assert (first.get(REPLAYED), second.get(REPLAYED)) == (None, "true")


def test_without_a_key_each_request_is_one_of_its_own(api: APIClient) -> None:
    for _ in range(2):
        assert api.post(RUNS, INPUT).status_code == 202
    assert (AgentRun.objects.count(), IdempotentAnswer.objects.count()) == (2, 0)


def test_the_order_of_names_in_a_body_makes_no_other_request(api: APIClient) -> None:
    bodies = ('{"input": {"steps": 2, "mood": "calm"}}', '{"input":{"mood":"calm","steps":2}}')
    answers = [post(api, body=body, content_type="application/json") for body in bodies]
    assert answers[0].content == answers[1].content
    assert AgentRun.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "body"),
    [(RUNS, {"input": {"steps": 3}}), ("/api/v1/agents/dummy.echo/runs", INPUT), (f"{RUNS}?a=1", INPUT)],
)
def test_the_key_of_another_request_is_refused(api: APIClient, address: str, body: Any) -> None:
    post(api)
    answer = post(api, address, body)
    assert told(answer) == (422, "idempotency_key_reused")
    assert "new key" in answer.json()["remedy"]
    assert AgentRun.objects.count() == 1


def form(content: bytes = b"item,sold\nTea,3\n", **fields: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("weekly.csv", content), **fields}


def test_a_file_that_is_sent_again_is_stored_once_whatever_bounds_its_parts(owner: User, program: Program) -> None:
    client = program(tokens.token_issue(user=owner))

    def send(boundary: str) -> Any:
        parts = ['name="title"\r\n\r\nSales', 'name="file"; filename="w.csv"\r\n\r\nitem,sold\nTea,3\n']
        body = "".join(f"--{boundary}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
        return client.post(
            DATASETS,
            f"{body}--{boundary}--\r\n",
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Idempotency-Key": "one"},
        )

    first, second = send("aaa"), send("bbb")
    assert first.status_code == 201, first.json()
    assert (second.content, second["Location"]) == (first.content, first["Location"])
    assert Dataset.objects.count() == 1


@pytest.mark.parametrize("other", [form(b"item,sold\nTea,4\n", title="a"), form(title="b"), form()], ids=str)
def test_another_file_or_field_is_another_request(api: APIClient, other: dict[str, Any]) -> None:
    assert post(api, DATASETS, form(title="a"), format="multipart").status_code == 201
    assert told(post(api, DATASETS, other, format="multipart")) == (422, "idempotency_key_reused")
    assert Dataset.objects.count() == 1


# ----------------------------------------------------------------------------------------------------------- errors


def test_a_request_that_was_refused_may_be_mended_under_its_key(api: APIClient) -> None:
    assert post(api, body={"input": {"steps": 0}}).status_code == 422
    assert not IdempotentAnswer.objects.exists()
    assert post(api).status_code == 202
    assert AgentRun.objects.count() == 1


def test_an_effect_whose_request_fails_is_rolled_back_and_tried_anew(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_keep", fail)
        assert post(api).status_code == 503
        assert post(api, DATASETS, form(), key="two", format="multipart").status_code == 503
    assert (AgentRun.objects.count(), Dataset.objects.count(), IdempotentAnswer.objects.count()) == (0, 0, 0)
    assert [each for each in (Path(settings.VAR) / "files").rglob("*") if each.is_file()] == []
    assert post(api).status_code == 202
    assert post(api, DATASETS, form(), key="two", format="multipart").status_code == 201


def test_a_view_that_returns_an_error_has_no_effect_and_keeps_no_answer(api: APIClient) -> None:
    assert post(api, THINGS, {"name": "a", "status": 409}).status_code == 409
    assert (ApiKey.objects.count(), IdempotentAnswer.objects.count()) == (0, 0)


@pytest.mark.parametrize("key", ["", " ", "ä", "a\tb", "x" * (LONGEST + 1), '"', '"a', '"a"b', '"a\\b"', '""'])
def test_a_key_that_is_none_is_refused_by_the_name_of_its_header(api: APIClient, key: str) -> None:
    answer = post(api, key=key)
    assert told(answer) == (400, "bad_request")
    assert answer.json()["issues"][0]["path"] == "Idempotency-Key"
    assert not AgentRun.objects.exists()


def test_a_key_is_the_same_with_and_without_quotes(api: APIClient) -> None:
    for key in ('a "b\\', ' a "b\\ ', '"a \\"b\\\\"'):
        assert post(api, key=key).status_code == 202
    assert AgentRun.objects.count() == 1
    assert post(api, key="x" * LONGEST).status_code == 202


# ------------------------------------------------------------------------------------------------------ whose key it is


def test_a_key_belongs_to_one_person_of_one_tenant(
    api: APIClient, owner: User, member: Make, globex: Tenant, api_for: Api
) -> None:
    post(api)
    twin = member("owner", tenant=globex)
    assert twin.pk == owner.pk
    assert post(api_for(twin, tenant=globex)).get(REPLAYED) is None
    assert post(api_for(member("owner"))).get(REPLAYED) is None
    assert AgentRun.objects.count() == 2
    with tenant_context(globex):
        assert AgentRun.objects.count() == 1


def test_who_may_not_any_more_gets_no_kept_answer(api: APIClient, owner: User) -> None:
    post(api)
    owner.role = "viewer"
    owner.save()
    assert told(post(api)) == (403, "permission_denied")


def test_an_open_view_takes_no_notice_of_a_key(owner: User, program: Program) -> None:
    body = {"email": owner.email, "password": "a long enough password"}
    first, second = (
        program().post("/api/v1/tokens", body, content_type="application/json", headers={"Idempotency-Key": "one"})
        for _ in range(2)
    )
    assert first.status_code == second.status_code
    assert first.content != second.content
    assert not IdempotentAnswer.objects.exists()


# ------------------------------------------------------------------------------------------------------ what is kept


def test_an_answer_with_a_secret_is_not_kept_and_a_repeat_is_told_so(api: APIClient) -> None:
    assert post(api, "/api/v1/secret-things", {"name": "a"}).json()["name"] == "the secret of a"
    kept = IdempotentAnswer.objects.get()
    assert kept.body is None
    assert "secret" not in str(kept.headers)
    answer = post(api, "/api/v1/secret-things", {"name": "a"})
    assert told(answer) == (409, "answer_not_kept")
    assert "not kept" in answer.json()["title"]
    assert ApiKey.objects.count() == 1


def test_after_a_day_a_key_is_new_again(api: APIClient) -> None:
    post(api)
    IdempotentAnswer.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert post(api)[REPLAYED] == "true"
    IdempotentAnswer.objects.update(expires_at=timezone.now())
    assert post(api).get(REPLAYED) is None
    assert AgentRun.objects.count() == 2
    left = IdempotentAnswer.objects.get().expires_at - timezone.now()
    assert timedelta(hours=23) < left <= timedelta(hours=24)


def test_expired_answers_go_with_the_requests_that_follow(api: APIClient) -> None:
    for number in range(6):
        post(api, key=f"old {number}")
    IdempotentAnswer.objects.update(expires_at=timezone.now())
    for number in range(3):
        post(api, key=f"new {number}")
    assert list(IdempotentAnswer.objects.order_by("key").values_list("key", flat=True)) == ["new 0", "new 1", "new 2"]


def test_a_key_costs_a_look_up_and_an_insert(api: APIClient) -> None:
    def statements(key: str = "") -> list[str]:
        with CaptureQueriesContext(connection) as caught:
            answer = api.post(THINGS, {"name": "a"}, headers={"Idempotency-Key": key} if key else {})
        assert answer.status_code == 201
        return [each["sql"] for each in caught if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]

    statements()
    plain, first, repeat = statements(), statements("one"), statements("one")
    assert len(first) == len(plain) + 2
    assert sum("advisory" in each for each in first) == 1
    assert len(repeat) == 2  # the way into the schema, and the look-up


# -------------------------------------------------------------------------------------------------- at the same time


@pytest.fixture
def real(committed_db: str, acme: Tenant, member: Make) -> Iterator[Callable[..., Any]]:
    """`real(key, name)`: a request to make a thing, from a connection of this thread's own, really committed."""
    sign = {"authorization": f"Bearer {tokens.token_issue(user=member('owner'))}", "host": "acme.localhost"}

    def send(key: str, name: str = "a", address: str = THINGS) -> Any:
        try:
            return Client(headers={**sign, "Idempotency-Key": key}).post(
                address, {"name": name}, content_type="application/json"
            )
        finally:
            connections.close_all()

    yield send
    urls.Thing.gate = None


class Gate:
    """Stops the first who comes by until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(30)


def test_a_repeat_while_the_first_is_under_way_is_told_so_at_once(real: Callable[..., Any], acme: Tenant) -> None:
    urls.Thing.gate = gate = Gate()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(real, "one")
        assert gate.reached.wait(30)
        second = pool.submit(real, "one").result(30)
        assert told(second) == (409, "request_under_way")
        assert second["Retry-After"] == "1"
        assert pool.submit(real, "another").result(30).status_code == 201
        gate.opened.set()
        assert first.result(30).status_code == 201
        assert pool.submit(real, "one").result(30)[REPLAYED] == "true"
    with tenant_context(acme):
        assert ApiKey.objects.count() == 2


def test_who_looked_before_the_first_was_committed_and_held_the_key_after_it_has_no_effect(
    real: Callable[..., Any], acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot of the look-up is older than the lock: the row of the first one appears between the two."""
    first = real("one")
    looks: list[bool] = []
    take = idempotency._take

    def late(*arguments: Any) -> Any:
        looks.append(True)
        found = take(*arguments)
        return None if len(looks) == 1 else found

    monkeypatch.setattr(idempotency, "_take", late)
    second = real("one")
    assert len(looks) == 2
    assert (second.content, second[REPLAYED]) == (first.content, "true")
    with tenant_context(acme):
        assert ApiKey.objects.count() == 1


def test_twenty_keys_with_twenty_duplicates_each_have_twenty_effects(real: Callable[..., Any], acme: Tenant) -> None:
    keys = [str(uuid4()) for _ in range(20)]

    def insist(key: str) -> Any:
        while told_to_wait(answer := real(key, name=key)):
            pass
        return answer

    def told_to_wait(answer: Any) -> bool:
        if answer.status_code != 409:
            return False
        assert answer.json()["code"] == "request_under_way"
        return True

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda key: (key, insist(key)), keys * 20))
    assert Counter(answer.status_code for _, answer in answers) == {201: 400}
    for key in keys:
        assert len({answer.content for asked, answer in answers if asked == key}) == 1
    assert sum(REPLAYED in answer.headers for _, answer in answers) == 380
    with tenant_context(acme):
        assert sorted(ApiKey.objects.values_list("name", flat=True)) == sorted(keys)


def test_an_integrity_error_of_the_effect_is_not_taken_for_a_repeat(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.raise_request_exception = False
    assert post(api, THINGS, {"name": "a", "prefix": "same"}, key="one").status_code == 201
    assert post(api, THINGS, {"name": "b", "prefix": "same"}, key="two").status_code == 500
    assert ApiKey.objects.count() == 1
