"""The documents that are spoken here: what of the schemas of RFC 7643 is kept, and how it is shown.

Of a person is kept what the platform needs to know: names, addresses, whether they may come in. Other attributes of the
standard's schemas, and what its extensions have, are read past: a directory that sends them is not refused.
"""

# Without deferred annotations: the library reads them as a class is made.

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeVar

from pydantic import Field, ValidationError
from scim2_models import (
    CaseExact,
    ComplexAttribute,
    Context,
    InvalidSyntaxException,
    Meta,
    Mutability,
    PatchOp,
    Reference,
    Required,
    Resource,
    ResourceType,
    Schema,
    SCIMException,
    ScimPolicy,
    SearchRequest,
    ServiceProviderConfig,
    Uniqueness,
)
from scim2_models.messages.error import Error
from scim2_models.resources.user import Email
from scim2_models.urn import URN

if TYPE_CHECKING:
    from apps.accounts.models import DirectoryGroup
    from apps.accounts.models import User as Account

BASE: Final = "/scim/v2"
LARGEST_PAGE: Final = 200
DEFAULT_PAGE: Final = 100
MOST_OPERATIONS: Final = 1_000
LONGEST_FILTER: Final = 2_000
DEEPEST_FILTER: Final = 32

# What real directories send, and the standard would have refused: attributes that are not kept, the value of what is
# to be removed beside its path, a path by a filter that matches nothing yet.
TOLERANT: Final = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    formatted: str | None = Field(None, max_length=150)
    family_name: str | None = Field(None, max_length=150)
    given_name: str | None = Field(None, max_length=150)


class Membership(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[Any]):
    """A person who is a member. The name of the account is the address that they sign in by."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = Field(None, max_length=254)
    """The e-mail address that the person signs in by."""
    name: Name | None = None
    Name: ClassVar[type[ComplexAttribute]] = Name
    display_name: str | None = Field(None, max_length=150)
    active: bool | None = None
    """Whether the person may come in."""
    emails: list[Email] | None = Field(None, max_length=20)
    Emails: ClassVar[type[ComplexAttribute]] = Email
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None
    Groups: ClassVar[type[ComplexAttribute]] = Membership


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    """A group of people. Groups in groups are not kept: directories send the people of both."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = Field(None, max_length=255)
    members: list[Member] | None = Field(None, max_length=50_000)
    Members: ClassVar[type[ComplexAttribute]] = Member


Document = TypeVar("Document", User, Group)
KINDS: Final[tuple[type[User], type[Group]]] = (User, Group)


class Refused(SCIMException):
    """A refusal in the protocol's words, of any status."""

    def __init__(self, status: int, detail: str, scim_type: str = "") -> None:
        super().__init__(detail=detail)
        self.status, self.scim_type = status, scim_type


def refusal_of(error: ValidationError) -> Refused:
    """What is wrong with a document, by its first error, in the protocol's words."""
    first = Error.from_validation_errors(error)[0]
    return Refused(first.status or 400, first.detail or "The document cannot be accepted.", first.scim_type or "")


def document_read(model: type[Document], body: Any, *, context: Context) -> Document:
    """A document as a directory sent it. Raises `SCIMException`."""
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="The body is not a JSON object.")
    try:
        return model.model_validate(body, scim_ctx=context, scim_policy=TOLERANT)
    except ValidationError as error:
        raise refusal_of(error) from error


def patch_apply(document: Document, body: Any) -> None:
    """Carry out on a document, as it stands, the operations of a PATCH: all of them or none. Raises `SCIMException`."""
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="The body is not a JSON object.")
    operations = next((value for key, value in body.items() if key.lower() == "operations"), None)
    if isinstance(operations, list) and len(operations) > MOST_OPERATIONS:
        raise Refused(413, f"One request may have {MOST_OPERATIONS:,} operations; nothing was changed.")
    patch_of: Any = PatchOp.__class_getitem__(type(document))
    try:
        patch = patch_of.model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=TOLERANT)
        patch.patch(document, scim_policy=TOLERANT)
        document_read(type(document), document.model_dump(), context=Context.DEFAULT)  # what each alone would pass
    except ValidationError as error:
        raise refusal_of(error) from error


def search_read(model: type[Document], asked: Any) -> SearchRequest[Document]:
    """What a list is narrowed by, from a query or a body. Raises `SCIMException`."""
    if not isinstance(asked, dict):
        raise InvalidSyntaxException(detail="The body is not a JSON object.")
    text = next((value for key, value in asked.items() if key.lower() == "filter"), "")
    if isinstance(text, str) and (
        len(text) > LONGEST_FILTER or text.count("(") + text.count("[") > DEEPEST_FILTER or "\x00" in text
    ):
        raise Refused(
            400, f"A filter has {LONGEST_FILTER:,} characters and {DEEPEST_FILTER} brackets at most.", "invalidFilter"
        )
    request_of: Any = SearchRequest.__class_getitem__(model)
    try:
        return request_of.model_validate(asked, scim_ctx=Context.SEARCH_REQUEST, scim_policy=TOLERANT)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise refusal_of(error) from error


def user_document(account: "Account", *, base: str) -> User:
    """A member as a directory sees them. Their `directory` and `directory_groups` are read already, or will be.

    `base` is the absolute address of the service, without a slash at the end.
    """
    known = getattr(account, "directory", None)
    told = dict(known.profile) if known else ({"displayName": account.name} if account.name else {})
    user = User.model_validate(told)
    user.user_name = account.email
    # Unassigned by a PATCH, it is shown no more until it says something: that the person may not come in.
    user.active = None if known and "active" not in told and account.is_active else account.is_active
    user.external_id = (known.external_id or None) if known else None
    user.groups = [
        Membership(value=str(group.pk), ref=Reference(f"{base}/Groups/{group.pk}"), display=group.display_name)
        for group in account.directory_groups.all()
    ] or None
    return _finished(user, account, base, known.changed_at if known else account.created_at)


def group_document(group: "DirectoryGroup", *, base: str, with_members: bool = True) -> Group:
    """A group with its members, who are read already, or will be."""
    shown = Group(display_name=group.display_name, external_id=group.external_id or None)
    if with_members:
        shown.members = [
            Member(value=str(each.pk), ref=Reference(f"{base}/Users/{each.pk}"), type="User")
            for each in group.members.all()
        ] or None
    return _finished(shown, group, base, group.changed_at)


def _finished(document: Document, row: "Account | DirectoryGroup", base: str, changed: datetime) -> Document:
    kind = type(document).__name__
    document.id = str(row.pk)
    told = document.model_dump(exclude={"members"})  # these change with the group, and are not always read
    text = json.dumps([told, changed.isoformat()], sort_keys=True)
    document.meta = Meta(
        resource_type=kind,
        created=row.created_at,
        last_modified=max(changed, row.created_at),
        location=f"{base}/{kind}s/{row.pk}",
        version=f'W/"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"',
    )
    return document


def resource_types(base: str) -> list[ResourceType]:
    """What may be asked for."""
    found = []
    for model in KINDS:
        kind = ResourceType.from_resource(model)
        kind.meta = Meta(resource_type="ResourceType", location=f"{base}/ResourceTypes/{kind.name}")
        found.append(kind)
    return found


def schemas(base: str) -> list[Schema]:
    """The attributes that are kept of people and groups."""
    found = []
    for model in KINDS:
        schema = model.to_schema()
        schema.meta = Meta(resource_type="Schema", location=f"{base}/Schemas/{schema.id}")
        found.append(schema)
    return found


def provider_config(base: str, guide: str) -> ServiceProviderConfig:
    """What of the protocol is spoken here. `guide` is the address of the page that explains it to people."""
    told = {
        "documentationUri": guide,
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": LARGEST_PAGE},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Provisioning token",
                "description": "A token that an administrator makes under Sign-in & identity, Provisioning.",
                "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }
    return ServiceProviderConfig.model_validate(told)
