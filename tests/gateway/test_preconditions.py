"""Tags of what is read, and changes that are made to the state that was read only."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.gateway.checks import routes
from apps.gateway.models import ApiKey

Make = Callable[..., User]
Api = Callable[..., APIClient]

pytestmark = pytest.mark.urls("tests.gateway.urls")


@pytest.fixture
def key(member: Make) -> ApiKey:
    return ApiKey.objects.create(user=member("owner"), name="a", prefix="1", digest=b"", expires_at=timezone.now())


@pytest.fixture
def api(api_for: Api, key: ApiKey) -> APIClient:
    return api_for(key.user)


@pytest.fixture
def address(key: ApiKey) -> str:
    return f"/api/v1/key-names/{key.pk}"


def test_what_is_read_has_a_strong_tag_that_changes_with_it(api: APIClient, address: str, key: ApiKey) -> None:
    first = api.get(address)["ETag"]
    assert first.startswith('"')
    assert api.get(address)["ETag"] == first
    ApiKey.objects.update(name="b")
    assert api.get(address)["ETag"] != first


def test_the_tag_of_a_part_is_that_of_the_whole(api: APIClient, address: str) -> None:
    assert api.get(address, {"fields": "name"})["ETag"] == api.get(address)["ETag"]


@pytest.mark.parametrize("sent", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_the_state_already_gets_no_body(api: APIClient, address: str, sent: str) -> None:
    etag = api.get(address)["ETag"]
    answer = api.get(address, headers={"If-None-Match": sent.format(etag)})
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)
    assert "Content-Type" not in answer


@pytest.mark.parametrize("sent", ['"other"', "", "nonsense", 'W/"other"'])
def test_who_has_another_state_gets_this_one(api: APIClient, address: str, sent: str) -> None:
    assert api.get(address, headers={"If-None-Match": sent}).json()["name"] == "a"


@pytest.mark.parametrize("sent", ["{}", '"other", {}', "*"])
def test_a_change_to_the_state_that_was_read_is_made(api: APIClient, address: str, sent: str) -> None:
    etag = api.get(address)["ETag"]
    answer = api.patch(address, {"name": "b"}, headers={"If-Match": sent.format(etag)})
    assert answer.json()["name"] == "b"
    assert answer["ETag"] == api.get(address)["ETag"] != etag
    assert api.delete(address, headers={"If-Match": answer["ETag"]}).status_code == 204
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("sent", ['"other"', "W/{}", "nonsense", ""])
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_change_to_another_state_is_refused(api: APIClient, address: str, method: str, sent: str) -> None:
    etag = api.get(address)["ETag"]
    answer = getattr(api, method)(address, {"name": "b"}, headers={"If-Match": sent.format(etag)})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert "Read the thing again" in answer.json()["remedy"]
    assert ApiKey.objects.get().name == "a"


def test_of_two_who_read_the_same_state_one_changes_it(api: APIClient, address: str) -> None:
    etag = api.get(address)["ETag"]

    def rename(name: str) -> Any:
        return api.patch(address, {"name": name}, headers={"If-Match": etag})

    assert [rename("b").status_code, rename("c").status_code] == [200, 412]
    assert ApiKey.objects.get().name == "b"


def test_without_a_tag_a_change_is_made_to_whatever_is_there(api: APIClient, address: str) -> None:
    assert api.patch(address, {"name": "b"}).status_code == 200


def changes() -> list[Any]:
    return [
        pytest.param(getattr(view, method), id=f"{method.upper()} {path}")
        for path, view in routes()
        for method in ("put", "patch", "delete")
        if path.startswith("/api/") and hasattr(view, method)
    ]


@pytest.mark.parametrize("change", changes())
def test_every_change_over_the_api_looks_at_the_tag_it_is_sent(change: Callable[..., Any]) -> None:
    """As the document says of each: the view calls `require_match`, or hands on what does."""
    own = change.__code__
    inner = [each for each in own.co_consts if isinstance(each, CodeType)]
    assert any("require_match" in code.co_names for code in (own, *inner))
