"""/scim/v2/ (RFC 7644): the protocol's addresses, each an `ApiView` that takes the token of a directory and no other
credential, and answers and refuses in the protocol's own documents.

They are no part of the API that the OpenAPI document describes: SCIM has endpoints of its own for its schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final

from django.urls import reverse
from django.utils.http import parse_etags
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from scim2_models import Context, Error, ListResponse, ResponseParameters, SCIMException
from scim2_models import PreconditionFailedException as Changed

from apps.accounts.permissions import MEMBERS_MANAGE, MEMBERS_VIEW
from apps.accounts.scim import selectors, services
from apps.accounts.scim.directory import Directory, directory_verify
from apps.accounts.scim.documents import (
    BASE,
    Group,
    Refused,
    User,
    document_read,
    patch_apply,
    provider_config,
    resource_types,
    schemas,
    search_read,
)
from apps.common.errors import Conflict, InvalidInput, Problem
from apps.gateway.api import ApiView
from apps.gateway.parsers import JsonBody
from apps.gateway.problems import problem_of

MEDIA_TYPE: Final = "application/scim+json"
_READ: Final = {"GET": MEMBERS_VIEW}
_LIST: Final = {"GET": MEMBERS_VIEW, "POST": MEMBERS_MANAGE}
_ONE: Final = {"GET": MEMBERS_VIEW, "PUT": MEMBERS_MANAGE, "PATCH": MEMBERS_MANAGE, "DELETE": MEMBERS_MANAGE}


class ScimBearer(BaseAuthentication):
    """`Authorization: Bearer` with the token of a directory. `request.user` is the `Directory`."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        parts = get_authorization_header(request).split()
        if not parts:
            return None
        text = parts[1].decode("ascii", "replace") if len(parts) == 2 and parts[0].lower() == b"bearer" else ""
        directory = directory_verify(text)
        if directory is None:
            raise AuthenticationFailed("This is no token of a directory, or it has expired or was revoked.")
        return directory, directory.token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="scim"'


class ScimBody(JsonBody):
    """A document of the protocol: JSON under its name or under that of the protocol."""

    media_type = MEDIA_TYPE


class ScimRenderer(JSONRenderer):
    media_type = MEDIA_TYPE
    format = "scim"


class OneForm(BaseContentNegotiation):
    """Documents have one form, whatever is asked for."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        sent = str(request.content_type or "").partition(";")[0].strip().lower()
        return next((each for each in parsers if each.media_type == sent), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], MEDIA_TYPE


class ScimView(ApiView):
    """An address of the protocol. What fails is told as its `Error`, with a `scimType` where it has one."""

    authentication_classes = [ScimBearer]
    parser_classes = [ScimBody, JsonBody]
    renderer_classes = [ScimRenderer]
    content_negotiation_class = OneForm
    waits_outside = True  # a repeat is told by the protocol's own means: the name of a user, a version

    @property
    def directory(self) -> Directory:
        found: Directory = self.request.user  # type: ignore[assignment]  # as `ScimBearer` says
        return found

    @property
    def base(self) -> str:
        """The absolute address of the service."""
        return self.request.build_absolute_uri(BASE)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, SCIMException):
            self.headers = self.default_response_headers
            return _refusal(exc.status, str(exc), exc.scim_type)
        answer = super().handle_exception(exc)
        problem = problem_of(exc) or Problem()
        told = _refusal(problem.status, f"{problem.detail} {problem.remedy}".strip(), _scim_type(problem))
        for name in ("WWW-Authenticate", "Retry-After", "Allow"):
            if name in answer:
                told[name] = answer[name]
        return told

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.accepted_renderer, response.accepted_media_type = ScimRenderer(), MEDIA_TYPE
        return response

    def shown(
        self, document: Any, status: int = 200, *, context: Context = Context.RESOURCE_QUERY_RESPONSE
    ) -> Response:
        """Answer with one document, with its version and the attributes that are asked for."""
        headers = {}
        if document.meta and document.meta.version:
            headers["ETag"] = document.meta.version
            known = parse_etags(self.request.headers.get("If-None-Match", ""))
            if self.request.method == "GET" and (known == ["*"] or document.meta.version in known):
                return Response(status=304, headers=headers)
        if status == HTTPStatus.CREATED:
            headers["Location"] = str(document.meta.location)
        wanted = _parameters(type(document), self.request.query_params.dict())
        context = Context.RESOURCE_QUERY_RESPONSE
        return Response(document.model_dump(scim_ctx=context, response_parameters=wanted), status, headers=headers)

    def listed(self, documents: list[Any], *, start: int = 1, total: int | None = None, asked: Any = None) -> Response:
        """Answer with a page of documents."""
        shown = [
            each.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked) for each in documents
        ]
        answer: dict[str, Any] = {
            "schemas": [str(ListResponse.__schema__)],
            "totalResults": len(documents) if total is None else total,
            "startIndex": start,
            "itemsPerPage": len(documents),
            "Resources": shown,
        }
        return Response(answer)

    def require_version(self, document: Any) -> None:
        """Go on only where `If-Match`, if it is sent, names the version that is there. Raises `SCIMException`."""
        sent = self.request.headers.get("If-Match")
        if sent is not None and (tags := parse_etags(sent)) != ["*"] and document.meta.version not in tags:
            raise Changed(detail="The resource has changed since that version; nothing was changed.")


class UserList(ScimView):
    def find(self, asked: Any) -> Response:
        search = search_read(User, asked)
        found = selectors.users_find(who=self.directory, asked=search, base=self.base)
        return self.listed(found.documents, start=found.start, total=found.total, asked=search)


class Users(UserList):
    permission = _LIST

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """A page of people, narrowed by a filter."""
        return self.find(request.query_params.dict())

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        """Make a member."""
        document = document_read(User, request.data, context=Context.RESOURCE_CREATION_REQUEST)
        account = services.user_provision(directory=self.directory, document=document)
        found = selectors.user_get(who=self.directory, id=str(account.pk))
        made = selectors.user_document(found, base=self.base)
        return self.shown(made, 201)


class UserSearch(UserList):
    """The same by POST, for a filter that shall stand in no address."""

    permission = {"POST": MEMBERS_VIEW}

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        return self.find(request.data)


class UserOne(ScimView):
    permission = _ONE

    @extend_schema(exclude=True)
    def get(self, request: Request, id: str) -> Response:
        account = selectors.user_get(who=self.directory, id=id)
        return self.shown(selectors.user_document(account, base=self.base))

    @extend_schema(exclude=True)
    def put(self, request: Request, id: str) -> Response:
        """Replace all that is said of a person."""
        wanted = document_read(User, request.data, context=Context.RESOURCE_REPLACEMENT_REQUEST)

        def replace(document: User) -> None:
            wanted.replace(document)
            _take(document, wanted, User)

        return self._changed(id, replace)

    @extend_schema(exclude=True)
    def patch(self, request: Request, id: str) -> Response:
        """Change some of what is said of a person."""
        return self._changed(id, lambda document: patch_apply(document, request.data))

    @extend_schema(exclude=True)
    def delete(self, request: Request, id: str) -> Response:
        """Keep a person out. They stay in the records, and are asked for in vain."""
        services.user_remove(
            directory=self.directory,
            id=id,
            check=lambda account: self.require_version(selectors.user_document(account, base=self.base)),
        )
        return Response(status=204)

    def _changed(self, id: str, change: services.Change) -> Response:
        def checked(document: User) -> None:
            self.require_version(document)
            change(document)

        services.user_change(directory=self.directory, id=id, base=self.base, change=checked)
        return self.get(self.request, id)


class GroupList(ScimView):
    def find(self, asked: Any) -> Response:
        search = search_read(Group, asked)
        found = selectors.groups_find(who=self.directory, asked=search, base=self.base)
        return self.listed(found.documents, start=found.start, total=found.total, asked=search)


class Groups(GroupList):
    permission = _LIST

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """A page of groups, narrowed by a filter."""
        return self.find(request.query_params.dict())

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        """Make a group."""
        document = document_read(Group, request.data, context=Context.RESOURCE_CREATION_REQUEST)
        group = services.group_provision(directory=self.directory, document=document)
        found = selectors.group_get(who=self.directory, id=str(group.pk))
        made = selectors.group_document(found, base=self.base)
        return self.shown(made, 201)


class GroupSearch(GroupList):
    """The same by POST."""

    permission = {"POST": MEMBERS_VIEW}

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        return self.find(request.data)


class GroupOne(ScimView):
    permission = _ONE

    @extend_schema(exclude=True)
    def get(self, request: Request, group: str) -> Response:
        found = selectors.group_get(who=self.directory, id=group)
        return self.shown(selectors.group_document(found, base=self.base))

    @extend_schema(exclude=True)
    def put(self, request: Request, group: str) -> Response:
        """Replace a group and its members."""
        wanted = document_read(Group, request.data, context=Context.RESOURCE_REPLACEMENT_REQUEST)
        return self._changed(group, lambda document: _take(document, wanted, Group))

    @extend_schema(exclude=True)
    def patch(self, request: Request, group: str) -> Response:
        """Change a group: most often, who is in it."""
        return self._changed(group, lambda document: patch_apply(document, request.data))

    @extend_schema(exclude=True)
    def delete(self, request: Request, group: str) -> Response:
        """Remove a group. Its members stay; the role that it gave them does not."""
        services.group_remove(
            directory=self.directory,
            id=group,
            check=lambda found: self.require_version(selectors.group_document(found, base=self.base)),
        )
        return Response(status=204)

    def _changed(self, id: str, change: services.Change) -> Response:
        def checked(document: Group) -> None:
            self.require_version(document)
            change(document)

        services.group_change(directory=self.directory, id=id, base=self.base, change=checked)
        return self.get(self.request, id)


class Described(ScimView):
    """What the service says of itself: the same in every tenant."""

    permission = _READ
    named: ClassVar[Any]
    """Makes all of it, by the address of the service."""

    @extend_schema(exclude=True)
    def get(self, request: Request, name: str = "") -> Response:
        if "filter" in request.query_params:
            raise Refused(403, "What the service says of itself is not filtered (RFC 7644, section 4).")
        found = type(self).named(self.base)
        if not name:
            return self.listed(found)
        one = next((each for each in found if name.lower() in {str(each.id).lower(), str(each.name).lower()}), None)
        if one is None:
            raise Refused(404, f"There is no {name[:80]!r} here.")
        return self.shown(one)


class ResourceTypes(Described):
    named = staticmethod(resource_types)


class Schemas(Described):
    named = staticmethod(schemas)


class Config(ScimView):
    permission = _READ

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        guide = request.build_absolute_uri(reverse("identity:provisioning"))
        return self.shown(provider_config(self.base, guide))


class Elsewhere(ScimView):
    """What the protocol has and this service has not, and what neither has."""

    permission = {"GET": MEMBERS_VIEW, "POST": MEMBERS_VIEW, "PUT": MEMBERS_VIEW, "PATCH": MEMBERS_VIEW}
    permission = {**permission, "DELETE": MEMBERS_VIEW}

    @extend_schema(exclude=True)
    def get(self, request: Request, rest: str) -> Response:
        if rest.partition("/")[0].lower() in {"me", "bulk", ".search"}:
            raise Refused(501, f"/{rest[:80]} is not supported; see /ServiceProviderConfig.")
        raise Refused(404, "There is nothing at this address.")

    post = put = patch = delete = get


def _take(document: Any, wanted: Any, model: Any) -> None:
    """Make of the document as it stands what is wanted in its place; what only the service says stays."""
    for name in model.model_fields:
        if name not in {"schemas", "id", "meta", "groups"}:
            setattr(document, name, getattr(wanted, name))


def _parameters(model: Any, asked: Mapping[str, str]) -> ResponseParameters[Any] | None:
    """Which attributes are asked for. Raises `SCIMException`."""
    named = {key: value for key, value in asked.items() if key.lower() in {"attributes", "excludedattributes"}}
    return search_read(model, named) if named else None


def _scim_type(problem: Problem) -> str:
    """The protocol's word for a problem of ours; empty where it has none."""
    if isinstance(problem, InvalidInput):
        return "invalidValue"
    if isinstance(problem, Conflict):
        return "uniqueness"
    return "invalidSyntax" if problem.status == HTTPStatus.BAD_REQUEST else ""


def _refusal(status: int, detail: str, scim_type: str = "") -> Response:
    status = 400 if status == HTTPStatus.UNPROCESSABLE_ENTITY else status
    error = Error(status=status, detail=detail, scim_type=scim_type or None)
    answer = Response(error.model_dump(), status=status)
    answer.exception = True
    return answer
