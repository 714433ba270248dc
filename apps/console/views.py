"""The base of every console page, and the pages that the shell brings itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Final

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views import View

from apps.audit.actors import known
from apps.common.errors import BadRequest, NotAuthenticated, NotFound, PermissionDenied, Problem
from apps.common.permissions import demand
from apps.console import errors, stepup
from apps.console.attention import attention_of
from apps.console.cards import card_of, cards_of
from apps.console.first_steps import is_put_away, put_away
from apps.console.palette import palette_search
from apps.console.statuses import STATUSES
from apps.tenants.context import current_tenant
from apps.tenants.permissions import TENANT_RELEASE
from apps.tenants.services import tenant_release

# The permission of a page that everybody may open who is signed in.
SIGNED_IN: Final = "signed-in"


class ConsoleView(View):
    """A page of the console: for people who are signed in and hold the permission that the page declares.

    A subclass without `permission` is refused when its URL is loaded; a method without one answers 403. A `Problem`
    that a handler raises becomes an error page with its status.
    """

    permission: ClassVar[str | Mapping[str, str]]
    """A permission code, `SIGNED_IN`, or one of them for each method (HEAD and OPTIONS follow GET)."""
    page_title: str = ""
    step_up: ClassVar[Collection[str]] = ()
    """Methods that are sensitive: who uses one proves once more who they are, unless they did so a short while ago."""

    user: Any
    """The person who is signed in."""

    @property
    def who(self) -> Any:
        """Who asks, as selectors and services want it."""
        return self.user

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        if not hasattr(cls, "permission"):
            raise ImproperlyConfigured(f"{cls.__name__} declares no permission: set `permission` to a code.")
        return super().as_view(**initkwargs)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        self.user = request.user
        known(actor=self.user.as_actor())
        try:
            _require_texts(request)
            self._demand(request.method or "")
            if request.method in self.step_up and (asked := stepup.ask(request)) is not None:
                return asked
            response = super().dispatch(request, *args, **kwargs)
        except Problem as problem:
            return errors.problem_page(request, problem)
        # What a page shows is for the person who asked: no cache keeps it, nor the browser after sign-out.
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    def page(self, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HttpResponse:
        """Render a template that extends `console/base.html`."""
        return render(self.request, template, {"page_title": self.page_title, **(context or {})}, status=status)

    def _demand(self, method: str) -> None:
        code = self.permission
        if not isinstance(code, str):
            code = code.get("GET" if method in {"HEAD", "OPTIONS"} else method, "")
        if not code:
            raise PermissionDenied(f"This page answers no {method} requests. Nothing was changed.")
        if code != SIGNED_IN:
            demand(self.who, code)


def _require_texts(request: HttpRequest) -> None:
    """The database stores no NUL, and nobody types one. Raises `NotFound` for an address with one, `BadRequest`."""
    if "\0" in request.path_info:
        raise NotFound("There is no page of this address.")
    if request.method == "POST" and any("\0" in text for _, texts in request.POST.lists() for text in texts):
        raise BadRequest("A field of the form holds the character NUL. Nothing was changed.", remedy="Leave it out.")


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back again afterwards; a script is told, as it cannot show that page."""
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=401)
        answer["HX-Redirect"] = redirect_to_login(request.headers.get("HX-Current-URL", "/")).url
        return answer
    if errors.wants_json(request):
        return errors.problem_page(request, NotAuthenticated("Your session has ended.", remedy="Sign in again."))
    return redirect_to_login(request.get_full_path())


class Home(ConsoleView):
    """The dashboard: the cards that the apps offer to this person."""

    permission = SIGNED_IN
    page_title = "Dashboard"

    def get(self, request: HttpRequest) -> HttpResponse:
        if key := request.GET.get("card", ""):
            return self._card(key)
        cards = cards_of(request)
        scripts = sorted({shown.card.script for shown in cards if shown.card.script})
        return self.page("console/home.html", {"cards": cards, "scripts": scripts, "now": timezone.now()})

    def _card(self, key: str) -> HttpResponse:
        """One card of it, which a script puts in the place of what it shows; empty where there is none any more."""
        shown = card_of(self.request, key)
        if shown is None:
            return HttpResponse("")
        return render(self.request, shown.card.template, {"card": shown.context})


class Attention(ConsoleView):
    """All that needs this person's attention; the dashboard shows the most urgent of it."""

    permission = SIGNED_IN
    page_title = "Needs attention"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("console/attention.html", {"items": attention_of(request)})


class FirstSteps(ConsoleView):
    """Put the first steps away, or bring them back: for the person of the request alone."""

    permission = {"POST": SIGNED_IN}

    def post(self, request: HttpRequest) -> HttpResponse:
        back = request.POST.get("back") == "1"
        put_away(request, back=back)
        if not back:
            messages.success(request, "The first steps are put away. The help page brings them back.")
        return redirect("console:home")


class Release(ConsoleView):
    """Let the work of a restored organisation go on; every page has the button for it while it waits."""

    permission = {"POST": TENANT_RELEASE}

    def post(self, request: HttpRequest) -> HttpResponse:
        tenant_release(who=self.who, tenant=current_tenant())
        messages.success(request, "Released: triggers start runs again, and open runs go on.")
        return redirect("console:home")


class Help(ConsoleView):
    permission = SIGNED_IN
    page_title = "Help & shortcuts"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("console/help.html", {"statuses": STATUSES, "is_put_away": is_put_away(request)})


class Palette(ConsoleView):
    permission = SIGNED_IN

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"groups": palette_search(request, request.GET.get("q", ""))})
