"""The headers that close to browsers what no answer of ours needs. Every answer carries them, whoever made it.

Two doors, for two ways in. The middleware stands first of all, so that what any other middleware answers passes it, and
what Django makes of an exception too. Around Django stands a guard, in `orchestrall.asgi` and `orchestrall.wsgi`: some
answers are made before the first middleware, to a request that cannot even be read.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy, default_config
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
StartResponse = Callable[..., Any]

logger = logging.getLogger(__name__)

LONGEST_HEAD: Final = 64 * 1024
"""Bytes that the address and the headers of a request may have together: not every server has a limit of its own."""
_BROKEN: Final = b"Something went wrong on our side. It has been logged.\n"
_TOO_LONG: Final = b"The address and the headers of this request are too long. Nothing was done.\n"
_PAGES: Final = ("text/html", "application/xhtml+xml")


class SecurityHeadersMiddleware(CSPMiddleware):
    """Puts the headers on every answer. First in the list, and raises nothing, so that none is made without it.

    A page has the policy of pages, where a view did not ask for another one. Whatever is no page has a policy that lets
    it load nothing, should somebody open it as one. What says nothing of caches is kept by none: it may be personal.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        for name, value in _common(secure=request.is_secure()).items():
            response[name] = value
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        answer: HttpResponseBase = super().process_response(request, response)
        return answer

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and not str(response.get("Content-Type", "")).startswith(_PAGES):
            parts.config, parts.update, parts.replace = default_config(settings.POLICY_OF_NO_PAGE), None, None
        return parts


class SecureAnswers:
    """ASGI: gives to an answer of `app` what it lacks, as no middleware saw it. An exception is answered too, and a
    request whose head is too long."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", [])]
                present = {name.lower().decode("latin-1") for name, _ in headers}
                more = _missing(present, secure=_is_secure_scope(scope))
                message = {**message, "headers": headers + [(n.lower().encode(), v.encode()) for n, v in more]}
            await send(message)

        async def answer(status: int, text: bytes) -> None:
            plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
            await guarded({"type": "http.response.start", "status": status, "headers": plain})
            await send({"type": "http.response.body", "body": text})

        head = sum(len(name) + len(value) for name, value in scope["headers"])
        if head + len(scope["path"]) + len(scope["query_string"]) > LONGEST_HEAD:
            await answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LONG)
            return
        try:
            await self.app(scope, receive, guarded)
        except Exception:
            if not begun:
                await answer(HTTPStatus.INTERNAL_SERVER_ERROR, _BROKEN)
            raise  # the server writes it to the log


class SecureWsgi:
    """WSGI: the same as `SecureAnswers`."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        def guarded(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            present = {name.lower() for name, _ in headers}
            return start_response(status, headers + _missing(present, secure=_is_secure_environ(environ)), *more)

        def answer(status: HTTPStatus, text: bytes) -> list[bytes]:
            plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
            guarded(f"{status.value} {status.phrase}", plain)
            return [text]

        named = ("HTTP_", "PATH_INFO", "QUERY_STRING")
        if sum(len(value) for name, value in environ.items() if name.startswith(named)) > LONGEST_HEAD:
            return answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LONG)
        try:
            return self.app(environ, guarded)
        except Exception:
            logger.exception("A request could not be answered")
            return answer(HTTPStatus.INTERNAL_SERVER_ERROR, _BROKEN)


def _common(*, secure: bool) -> dict[str, str]:
    """What all answers have in common. Over plain HTTP a browser must not be told to use TLS (RFC 6797, 7.2)."""
    headers: dict[str, str] = settings.SECURITY_HEADERS
    if not (secure and settings.SECURE_HSTS_SECONDS):
        return headers
    below = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    return {**headers, "Strict-Transport-Security": f"max-age={settings.SECURE_HSTS_SECONDS}{below}"}


def _missing(present: Collection[str], *, secure: bool) -> list[tuple[str, str]]:
    """The headers that an answer with those `present` (lower case) lacks."""
    policy = build_policy(default_config(settings.POLICY_OF_NO_PAGE))
    every = {**_common(secure=secure), "Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return [(name, value) for name, value in every.items() if name.lower() not in present]


def _is_secure_scope(scope: Scope) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return bool(scope.get("scheme") == "https")
    name, value = settings.SECURE_PROXY_SSL_HEADER
    wanted = name.removeprefix("HTTP_").replace("_", "-").lower().encode()
    return any(given.lower() == wanted and text == value.encode() for given, text in scope["headers"])


def _is_secure_environ(environ: dict[str, Any]) -> bool:
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return bool(environ.get("wsgi.url_scheme") == "https")
    name, value = settings.SECURE_PROXY_SSL_HEADER
    return bool(environ.get(name) == value)
