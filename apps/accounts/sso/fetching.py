"""What is fetched from providers, by the one client that may call out."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import requests
from requests.adapters import BaseAdapter

from apps.accounts.sso.problems import SsoRefused
from apps.common import outbound
from apps.common.errors import Problem


def fetched(url: str, *, accept: str = "application/json", headers: dict[str, str] | None = None) -> outbound.Answer:
    """What stands at an address. Raises `SsoRefused`."""
    return _asked("GET", url, {"Accept": accept, **(headers or {})}, None)


def posted(url: str, fields: dict[str, str], *, headers: dict[str, str]) -> outbound.Answer:
    """What a form sent to an address is answered with. Raises `SsoRefused`."""
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return _asked("POST", url, {**kind, **headers}, urlencode(fields).encode())


def document(answer: outbound.Answer, what: str) -> dict[str, Any]:
    """The object that an answer holds. Raises `SsoRefused`."""
    if answer.status != 200 or answer.is_cut:
        raise SsoRefused("unreachable", f"{what}: it answered with status {answer.status}.")
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SsoRefused("unreachable", f"{what}: it answered with no JSON object.")
    return found


def _asked(method: str, url: str, headers: dict[str, str], content: bytes | None) -> outbound.Answer:
    try:
        return outbound.request(method, url, headers=headers, content=content)
    except Problem as problem:
        raise SsoRefused("unreachable", problem.detail) from problem


class _Guarded(BaseAdapter):
    """Requests of a library by the guarded client."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        content = request.body.encode() if isinstance(request.body, str) else request.body
        try:
            answer = outbound.request(
                request.method or "GET",
                request.url or "",
                headers={
                    name: str(request.headers[name]) for name in request.headers if name.lower() != "accept-encoding"
                },
                content=content if isinstance(content, bytes) else None,
            )
        except Problem as problem:
            raise requests.ConnectionError(problem.detail, request=request) from problem
        made = requests.Response()
        made.status_code, made.url, made.request = answer.status, request.url or "", request
        made.headers.update(answer.headers)
        made._content = answer.body
        return made

    def close(self) -> None:
        """There is nothing to close: each request has a connection of its own."""


def session() -> requests.Session:
    """For the identity library, wherever it asks for itself: guarded, and without redirects."""
    made = requests.Session()
    made.trust_env, made.max_redirects = False, 0
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Guarded())
    return made
