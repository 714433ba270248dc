"""Faults in the middle of a request, asked for by a header: for the stress on isolation, and in no product.

`X-Fault: NAME@N` does to the N-th statement of a request what `FAULTS` says under NAME. The middleware stands before
all others, so that a fault may also hit the statement that enters the tenant, sessions, and what comes after the view.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

Execute = Callable[..., Any]
SHORT = "5ms"
"""How long a statement may take that is to time out."""


class Raised(RuntimeError):
    """What a view raises that nobody foresaw."""


def _raises(execute: Execute, *what: Any) -> Any:
    raise Raised("before the statement")


def _raises_after(execute: Execute, *what: Any) -> Any:
    execute(*what)
    raise Raised("after the statement")


def _ends_the_thread(execute: Execute, *what: Any) -> Any:
    """No `Exception`: it passes every handler, as when a server gives a request up."""
    raise SystemExit("the server gives the request up")


def _times_out(execute: Execute, *what: Any) -> Any:
    raw = connection.connection
    with connection.wrap_database_errors, raw.transaction():  # the end of which takes the setting back
        raw.execute(f"set local statement_timeout = '{SHORT}'")
        raw.execute("select pg_sleep(5)")


def _is_cancelled(execute: Execute, *what: Any) -> Any:
    """A wish to cancel that comes before the statement has begun is lost, so it is sent until the statement has ended.
    When `cancel` returns the server has been told, and a server without a statement does not heed it."""
    raw, over = connection.connection, threading.Event()

    def cancel() -> None:
        while not over.wait(0.005):
            raw.cancel()

    canceller = threading.Thread(target=cancel)
    with connection.wrap_database_errors:
        canceller.start()
        try:
            raw.execute("select pg_sleep(60)")
        finally:
            over.set()
            canceller.join()
    raise Raised("the statement was not cancelled")


def _loses_the_connection(execute: Execute, *what: Any) -> Any:
    with connection.wrap_database_errors:
        connection.connection.execute("select pg_terminate_backend(pg_backend_pid())")


FAULTS: dict[str, Callable[..., Any]] = {
    "raises": _raises,
    "raises-after": _raises_after,
    "ends-the-thread": _ends_the_thread,
    "times-out": _times_out,
    "is-cancelled": _is_cancelled,
    "loses-the-connection": _loses_the_connection,
}


class FaultMiddleware:
    """Plays the fault that a request asks for."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name, _, at = request.headers.get("X-Fault", "").partition("@")
        if not name:
            return self.get_response(request)
        with connection.execute_wrapper(_At(int(at), FAULTS[name])):
            return self.get_response(request)


class _At:
    """Lets statements through until the one that is to fail, and those after it."""

    def __init__(self, number: int, fault: Callable[..., Any]) -> None:
        self._left, self._fault = number, fault

    def __call__(self, execute: Execute, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            return self._fault(execute, sql, params, many, context)
        return execute(sql, params, many, context)
