"""The base of every view of the API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MethodType
from typing import Any, ClassVar, Final, TypeVar, cast

from django.db.models import QuerySet
from pydantic import BaseModel, ValidationError
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.audit.actors import known
from apps.common.errors import BadRequest, InvalidInput, NotFound, Problem, TooLarge
from apps.console import stepup
from apps.gateway import limits, preconditions
from apps.gateway.fields import narrowing
from apps.gateway.idempotency import once
from apps.gateway.pagination import NEWEST, Row, page_of
from apps.gateway.permissions import Declared
from apps.gateway.principals import Caller, caller_of
from apps.gateway.waiting import is_asked_again

Schema = TypeVar("Schema", bound=BaseModel)
_READING: Final = frozenset({"GET", "HEAD"})


class ApiView(APIView):
    """A view that answers only what it declares: `permission` names a code (or `OPEN`) for each method it has, and
    `problems` how it may fail in ways of its own, besides those that the OpenAPI document knows of any view.

    Bodies and answers are pydantic models. An object that the caller may not see is a `NotFound`, never a refusal.
    """

    permission: Mapping[str, str] = {}
    problems: Mapping[str, Sequence[type[Problem]]] = {}
    shows_secret: bool = False
    """Whether a POST answers with a secret that is shown once: then a repeat of it does not get the answer again."""
    waits_outside: bool = False
    """Whether a POST waits for another service and changes nothing here: it is part of no transaction then, and is done
    as often as it is sent, whatever its `Idempotency-Key`."""
    orders: Sequence[str] = ()
    """Columns that a list may be ordered by: each without nulls, and with an index."""
    natural: str = NEWEST
    """How a list is ordered otherwise: by a column that differs in all rows."""
    permission_classes = [Declared]
    step_up: ClassVar[Collection[str]] = ()
    """Methods that are sensitive: the session or the token must be of somebody who proved a short while ago who they
    are. Keys are not asked."""
    route_class: Mapping[str, str] = {}
    """Names the limit of its own that a method has besides those of the tenant and the caller: `limits.KINDS`."""
    allowance: limits.Allowance | None = None
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Every POST that changes something is carried out once for each `Idempotency-Key`."""
        super().__init_subclass__(**kwargs)
        if "post" in vars(cls) and not cls.waits_outside:
            cls.post = once(vars(cls)["post"])  # type: ignore[attr-defined]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in self.step_up:
            self.require_proof()
        if "\0" in request.path:
            raise NotFound("There is nothing of this address.", remedy="Leave the character NUL out.")
        if "%00" in str(request.META.get("QUERY_STRING", "")):
            raise BadRequest("The query string holds the character NUL.", remedy="Leave it out.")

    def perform_authentication(self, request: Request) -> None:
        """Learn who calls, and count the request before anything is done for it. Credentials that are refused count
        for the address they come from."""
        try:
            super().perform_authentication(request)
        except APIException:
            self._count(request)
            raise
        if request.user.is_authenticated:
            actor = self.who.as_actor()
            known(actor=actor, **({"via": actor.via} if actor.via else {}))
        self._count(request)

    def _count(self, request: Request) -> None:
        caller = caller_of(request.user, request.auth) if request.user.is_authenticated else None
        kind = self.route_class.get(str(request.method), "")
        buckets = limits.buckets_of(caller=caller, request=request._request, kind=kind)
        self.allowance = limits.take(buckets, 0 if is_asked_again(request._request) else 1)
        if self.allowance:
            self.allowance.demand()

    def count_more(self, number: int) -> None:
        """Count so many more things of the method's `route_class`, beside the one that every request counts for.

        For requests that do many of them at once. Raises `TooManyRequests` where the limit has not enough left, and
        `TooLarge` for more than it ever has.
        """
        if self.allowance is None:
            return
        *others, own = self.allowance.states
        if own.bucket.name != self.route_class.get(str(self.request.method)):
            return
        if number >= own.bucket.limit:  # waiting would not help: no minute has so many
            raise TooLarge(
                f"This is for {number + 1:,} at once, and your organisation may ask for {own.bucket.limit:,} a minute. "
                "Nothing was done.",
                remedy=f"Send at most {own.bucket.limit:,} at a time, or ask the operator for a higher limit.",
            )
        more = limits.take([own.bucket], number)
        if more:
            self.allowance = replace(more, states=(*others, *more.states))
            more.demand()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """An error is JSON whatever the view renders otherwise."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if getattr(response, "exception", False):
            response.accepted_renderer = JSONRenderer()
        for name, value in self.allowance.headers().items() if self.allowance else ():
            response[name] = value
        return response

    @property
    def who(self) -> Caller:
        """The caller: what selectors and services take as `who`."""
        return caller_of(self.request.user, self.request.auth)

    def body(self, model: type[Schema]) -> Schema:
        """The request's body as `model`. Raises `InvalidInput` with an issue for each field that is wrong."""
        try:
            return model.model_validate(self.request.data)
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def query(self, model: type[Schema]) -> Schema:
        """The query string as `model`; the last of repeated names counts. Raises `InvalidInput`."""
        try:
            return model.model_validate(self.request.query_params.dict())
        except ValidationError as error:
            raise InvalidInput.from_pydantic(error) from error

    def answer(self, item: BaseModel, status: int = 200, **headers: str) -> Response:
        """Answer with one model. Underscores in the names of headers become hyphens.

        What is read or changed comes with its `ETag`; a reader who has that state gets 304, and one who names `fields`
        gets these alone.
        """
        shown, method = item.model_dump(mode="json"), self.request.method
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if method in _READING | preconditions.CHANGING:
            named["ETag"] = preconditions.etag_of(shown)
        if method in _READING:
            shown = narrowing(self.request, type(item))(shown)
            if preconditions.is_known(self.request, named["ETag"]):
                return Response(status=304, headers=named)
        return Response(shown, status=status, headers=named)

    def require_proof(self) -> None:
        """Go on only where the caller proved a short while ago who they are, or is a key. For a method of which only
        some bodies are sensitive; else it stands in `step_up`. Raises `ReauthenticationRequired`."""
        by_session = isinstance(self.request.successful_authenticator, SessionAuthentication)
        stepup.require(session=self.request._request.session if by_session else None, claims=self.request.auth)

    def require_match(self, item: BaseModel) -> None:
        """Go on only where the caller's `If-Match`, if any, names the state that `item` shows.

        Call it in PUT, PATCH and DELETE, inside the transaction that changes the thing, on the row that is locked in
        it, and with the model that a GET of the thing answers with: its tag is what the caller read. Raises
        `PreconditionFailed`.

            with transaction.atomic():
                thing = selectors.thing_get(who=self.who, id=id, lock=True)
                self.require_match(ThingOut.of(thing))
                services.thing_change(thing=thing, ...)
        """
        preconditions.require_match(self.request, item)

    def page(
        self,
        rows: QuerySet[Row],
        show: Callable[[Row], BaseModel],
        *,
        beside: Callable[[Sequence[Row]], object] | None = None,
    ) -> Response:
        """Answer with the page of `rows` that the query string asks for: `show` is a model's classmethod, as `Out.of`.

        It may be ordered by the view's `orders`, and have the `fields` of the model that are asked for. What `show`
        needs besides a row, `beside` reads for all rows of the page at once.
        """
        narrow = narrowing(self.request, cast("MethodType", show).__self__)  # type: ignore[arg-type]
        found, following = page_of(rows, self.request, orders=self.orders, natural=self.natural)
        if beside is not None:
            beside(found)
        return Response({"items": [narrow(show(row).model_dump(mode="json")) for row in found], "next": following})
