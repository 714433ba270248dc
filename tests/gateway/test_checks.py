"""Deny by default: a view of the API that does not say who may call it stops the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.checks import run_checks
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.gateway.api import ApiView
from apps.gateway.checks import flaws, routes
from apps.gateway.permissions import KEYS_VIEW, OPEN
from apps.tenants.models import Tenant


class Plain(APIView):
    def get(self, request: Request) -> Response:
        return Response()


def view(codes: Mapping[str, str], *methods: str) -> type[ApiView]:
    return type("View", (ApiView,), {"permission": codes, **dict.fromkeys(methods, Plain.get)})


urlpatterns = [path("api/v1/plain", Plain.as_view()), path("plain", Plain.as_view())]


def test_a_view_that_declares_each_method_has_no_flaw() -> None:
    assert flaws(view({"GET": KEYS_VIEW, "DELETE": OPEN}, "get", "delete")) == []


@pytest.mark.parametrize(
    ("flawed", "words"),
    [
        (Plain, "not an ApiView"),
        (view({}, "get"), "GET declares no permission"),
        (view({"GET": KEYS_VIEW}, "get", "post"), "POST declares no permission"),
        (view({"GET": KEYS_VIEW, "PUT": OPEN}, "get"), "PUT is declared but not there"),
        (view({"GET": "keys.veiw"}, "get"), "'keys.veiw' is no permission"),
        (lambda request: None, "not an ApiView"),
    ],
)
def test_a_view_that_leaves_something_open_is_named(flawed: Any, words: str) -> None:
    assert any(words in flaw for flaw in flaws(flawed))


def test_the_check_finds_it_below_api_only(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    found = [error for error in run_checks(tags=["urls"]) if error.id == "gateway.E001"]
    assert [error.msg for error in found] == ["/api/v1/plain: it is not an ApiView."]
    assert "permission" in str(found[0].hint)


def test_the_product_passes_its_own_check() -> None:
    assert [error for error in run_checks(tags=["urls"]) if error.id == "gateway.E001"] == []
    assert any(path.startswith("/api/v1/") for path, _ in routes())


def test_a_class_of_routes_that_has_no_limit_is_a_flaw() -> None:
    flawed = view({"GET": OPEN}, "get")
    flawed.route_class = {"GET": "heavy"}
    assert flaws(flawed) == ["'heavy' is no class of routes"]


def test_a_view_without_a_code_refuses_even_if_nobody_ran_the_check(rf: Any, acme: Tenant) -> None:
    answer = view({}, "get").as_view()(rf.get("/"))
    assert answer.status_code == 405
