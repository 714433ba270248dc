"""Deny by default: a view of the API that does not say who may call it stops the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.console.views import SIGNED_IN, ConsoleView
from apps.gateway.api import ApiView
from apps.gateway.checks import flaws, page_flaws, routes
from apps.gateway.permissions import KEYS_VIEW, OPEN
from apps.gateway.sockets import NoSocket, TenantConsumer
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


def page(codes: Any, *methods: str) -> type[ConsoleView]:
    return type("Page", (ConsoleView,), {"permission": codes, **dict.fromkeys(methods, Plain.get)})


def open_to_all(request: Any) -> None:
    pass


open_to_all.permission = OPEN  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "whole",
    [
        page(KEYS_VIEW, "get", "post"),
        page(SIGNED_IN, "get"),
        page({"GET": SIGNED_IN, "POST": KEYS_VIEW}, "get", "post"),
        open_to_all,
    ],
)
def test_a_page_that_says_who_may_open_it_has_no_flaw(whole: Any) -> None:
    assert page_flaws(whole) == []


@pytest.mark.parametrize(
    ("flawed", "words"),
    [
        (Plain, "neither a ConsoleView nor declared open"),
        (lambda request: None, "neither a ConsoleView nor declared open"),
        (page({}, "get"), "GET declares no permission"),
        (page({"GET": KEYS_VIEW}, "get", "post"), "POST declares no permission"),
        (page("keys.veiw", "get"), "'keys.veiw' is no permission"),
        (page(OPEN, "get"), "'open' is no permission"),
    ],
)
def test_a_page_that_leaves_something_open_is_named(flawed: Any, words: str) -> None:
    assert any(words in flaw for flaw in page_flaws(flawed))


def test_the_check_finds_pages_that_declare_nothing(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    found = [error.msg for error in run_checks(tags=["urls"]) if error.id == "gateway.E002"]
    assert found == ["/plain: it is neither a ConsoleView nor declared open."]


def test_every_page_of_the_product_says_who_may_open_it() -> None:
    assert [error for error in run_checks(tags=["urls"]) if error.id == "gateway.E002"] == []
    assert len([path for path, view in routes() if isinstance(view, type) and issubclass(view, ConsoleView)]) > 20


@pytest.mark.parametrize("code", [None, "keys.veiw", OPEN, ""])
def test_a_socket_that_does_not_say_who_may_listen_is_refused_at_its_route(code: str | None) -> None:
    consumer: Any = type("Consumer", (TenantConsumer,), {} if code is None else {"permission": code})
    with pytest.raises(ImproperlyConfigured, match="declares no permission"):
        consumer.as_asgi()


def test_every_socket_of_the_product_is_one_that_says_who_may_listen() -> None:
    from orchestrall.urls.sockets import urlpatterns

    consumers = [entry.callback.consumer_class for entry in urlpatterns]
    assert len(consumers) > 1
    assert all(issubclass(each, TenantConsumer) for each in consumers if each is not NoSocket)
