"""Is this process alive, is it ready, and how is it doing: asked by address, before any tenant is known."""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable
from typing import Final

import psycopg
import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.backoff import NoBackoff
from redis.retry import Retry

from apps.common import work
from apps.common.errors import Problem
from apps.tenants.context import PUBLIC, tenant_by_schema
from apps.tenants.keys import data_key
from apps.tenants.schemas import pending

logger = logging.getLogger(__name__)

TIMEOUT: Final = 2
"""Seconds that a part may take to answer."""
_settled: set[str] = set()  # schemas once seen complete: migrations are never taken back while a process lives


class NotReady(Exception):
    """A part is not ready; the text names what is wrong and holds no secret."""


def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. Says nothing of what stands behind it, so that nobody restarts it for that."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: 200, or 503 with what is not. Each part is asked once; why it failed is in the log."""
    parts: dict[str, str] = {}
    for name, ask in PARTS.items():
        try:
            if name in {"migrations", "dispatch", "keys"} and parts["database"] != "ready":
                raise NotReady("the database does not answer")
            ask()
            parts[name] = "ready"
        except NotReady as error:
            parts[name] = str(error)
        except (psycopg.Error, Error, redis.RedisError, OSError) as error:
            parts[name] = "does not answer"
            logger.warning("%s is not ready: %s", name, type(error).__name__)
    good = set(parts.values()) == {"ready"}
    return JsonResponse({"status": "ready" if good else "not ready", "parts": parts}, status=200 if good else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics of this process, to loopback and private addresses or to who holds the token; else 404."""
    if not (_is_near(request) or _holds_token(request)):
        return HttpResponse("Not found.\n", status=404, content_type="text/plain")
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _database() -> None:
    # On a connection of its own: a pool that is used up is busy, not away, and would keep the probe waiting. Made with
    # the same parameters as all others, so that it insists on TLS where they do.
    limits = {"connect_timeout": TIMEOUT, "options": f"-c statement_timeout={TIMEOUT * 1000}"}
    with psycopg.connect(**connection.get_connection_params() | limits) as asked:
        asked.execute("select 1")


def _redis() -> None:
    asked = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        asked.ping()
    finally:
        asked.close()


def _migrations() -> None:
    """What this program needs is there; more than that is a newer program's, and no reason to be unready."""
    for schema in (PUBLIC, settings.TEMPLATE_SCHEMA):
        if schema not in _settled:
            missing = pending(schema)
            if missing:
                raise NotReady(f"{len(missing)} migrations are missing: run `manage.py prepare`")
            _settled.add(schema)


def _keys() -> None:
    """The key store is there and the master key opens what is in it: tried with the operators' key."""
    tenant = tenant_by_schema(settings.OPERATORS_SCHEMA)
    try:
        if tenant is not None:
            data_key(tenant)
    except (Problem, ValueError) as error:
        logger.warning("the keys are not ready: %s", error)
        raise NotReady("cannot be read or opened: see `manage.py keys status`") from error


def _dispatch() -> None:
    if work._dispatcher is None:
        raise NotReady("no dispatcher is provided")


PARTS: Final[dict[str, Callable[[], None]]] = {
    "database": _database,
    "redis": _redis,
    "migrations": _migrations,
    "dispatch": _dispatch,
    "keys": _keys,
}
ANSWERS: Final[dict[str, Callable[[HttpRequest], HttpResponse]]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


def _is_near(request: HttpRequest) -> bool:
    """Whether the caller itself has a loopback or private address. What a proxy passed on came from anywhere."""
    if {"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"} & set(request.META):
        return False
    try:
        address = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def _holds_token(request: HttpRequest) -> bool:
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    given = str(request.META.get("HTTP_AUTHORIZATION", ""))
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given.encode(), wanted.encode())
