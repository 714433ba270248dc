"""Deny by default, proven at start: every view of a tenant's host declares who may call each of its methods.

Sockets do so too: a `TenantConsumer` without a permission is refused when its route is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView

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
    """What `view`, one of the API, fails to declare."""
    from apps.gateway.api import ApiView

    if not (isinstance(view, type) and issubclass(view, ApiView)):
        return ["it is not an ApiView"]
    codes = view.permission
    methods = {method.upper() for method in METHODS if hasattr(view, method)}
    found = [f"{method} declares no permission" for method in sorted(methods - set(codes))]
    found += [f"{method} is declared but not there" for method in sorted(set(codes) - methods)]
    found += [f"{kind!r} is no class of routes" for kind in view.route_class.values() if kind not in KINDS]
    return found + [f"{code!r} is no permission" for code in codes.values() if code != OPEN and code not in PERMISSIONS]


def page_flaws(view: Any) -> list[str]:
    """What `view`, one outside the API, fails to declare.

    Pages are `ConsoleView`s; what programs call outside the API is an `ApiView` like all that is in it. A function that
    anybody may call has `permission = OPEN` as an attribute. The pages of signing in and of factors are the library's
    or derived from its: there for people who are nobody yet, or for a member's own.
    """
    from apps.console.views import SIGNED_IN, ConsoleView
    from apps.gateway.api import ApiView

    if isinstance(view, type) and issubclass(view, ApiView):
        return flaws(view)

    if any(str(each.__module__).startswith("allauth.") for each in getattr(view, "__mro__", (view,))):
        return []
    if view is RedirectView:
        return []  # the library's old addresses: where they lead to says for itself who may go there
    codes = getattr(view, "permission", None)
    if not (isinstance(view, type) and issubclass(view, ConsoleView)):
        return [] if codes == OPEN else ["it is neither a ConsoleView nor declared open"]
    methods = {method.upper() for method in METHODS if hasattr(view, method)}
    named = dict.fromkeys(methods, codes) if isinstance(codes, str) else dict(codes or {})
    found = [f"{method} declares no permission" for method in sorted(methods - set(named))]
    known = {SIGNED_IN, *(item.code for item in PERMISSIONS)}
    return found + [f"{code!r} is no permission" for code in sorted(set(named.values()) - known)]


@register("urls")
def every_page_declares(**_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{path}: {flaw}.",
            hint="Derive from apps.console.views.ConsoleView and set `permission` to a code.",
            id="gateway.E002",
        )
        for path, view in routes()
        if not path.startswith("/api/")
        for flaw in page_flaws(view)
    ]


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
