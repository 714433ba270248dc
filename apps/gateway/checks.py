"""Deny by default, proven at start: every view below /api/ declares who may call each of its methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from apps.common.permissions import PERMISSIONS
from apps.gateway.limits import KINDS
from apps.gateway.permissions import OPEN

METHODS = ("get", "post", "put", "patch", "delete")


def routes(resolver: Any = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Every route of a tenant's host with what answers it: the view's class, or its function."""
    for entry in (resolver or get_resolver(settings.ROOT_URLCONF)).url_patterns:
        path = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        elif isinstance(entry, URLPattern):
            callback = entry.callback
            yield path, getattr(callback, "view_class", getattr(callback, "cls", callback))


def flaws(view: Any) -> list[str]:
    """What `view` fails to declare."""
    from apps.gateway.api import ApiView

    if not (isinstance(view, type) and issubclass(view, ApiView)):
        return ["it is not an ApiView"]
    codes = view.permission
    methods = {method.upper() for method in METHODS if hasattr(view, method)}
    found = [f"{method} declares no permission" for method in sorted(methods - set(codes))]
    found += [f"{method} is declared but not there" for method in sorted(set(codes) - methods)]
    found += [f"{kind!r} is no class of routes" for kind in view.route_class.values() if kind not in KINDS]
    return found + [f"{code!r} is no permission" for code in codes.values() if code != OPEN and code not in PERMISSIONS]


@register("urls")
def every_view_declares(**_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{path}: {flaw}.",
            hint='Derive from apps.gateway.api.ApiView and set `permission = {"GET": SOME_CODE}`.',
            id="gateway.E001",
        )
        for path, view in routes()
        if path.startswith("/api/")
        for flaw in flaws(view)
    ]
