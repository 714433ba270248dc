"""How a server is reached, what it offered, and what of it may be used: as these are entered and kept."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, field_validator

from apps.common import outbound
from apps.common.errors import Problem
from apps.common.schemas import StrictModel

if TYPE_CHECKING:
    import mcp_types as types

LONGEST_TEXT: Final = 2_000
"""Characters of a description that are kept: a model reads it each time."""
LARGEST_SCHEMA: Final = 32 * 1024
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a name of a header (RFC 9110)
_OURS: Final = frozenset(
    (
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"),
        *("mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id"),
    )
)


def _web_address(url: str) -> str:
    try:
        outbound.require_web_address(url)
    except Problem as problem:
        raise ValueError(problem.detail) from problem
    return url


def _header_text(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise ValueError("A header holds printable ASCII characters alone.")
    return secret


HeaderText = Annotated[SecretStr, Field(max_length=8_000), AfterValidator(_header_text)]


class HeaderLine(StrictModel):
    """A header that goes along with each request."""

    name: str = Field(title="Header", min_length=1, max_length=100, examples=["X-Api-Key"])
    value: HeaderText = Field(title="Value")

    @field_validator("name")
    @classmethod
    def _is_theirs(cls, name: str) -> str:
        if not _TOKEN.fullmatch(name):
            raise ValueError("This is no name of a header.")
        if name.lower() in _OURS:
            raise ValueError("This header is part of the protocol, and is sent by itself.")
        return name


class Access(StrictModel):
    """How a server is reached."""

    url: Annotated[str, AfterValidator(_web_address)] = Field(
        title="Address",
        max_length=2_000,
        description="Of its Streamable HTTP transport.",
        examples=["https://tools.example.com/mcp"],
        json_schema_extra={"long": False},
    )
    bearer: HeaderText | None = Field(
        default=None, title="Token", description="Sent as Authorization: Bearer. Empty for a server without one."
    )
    headers: list[HeaderLine] = Field(default=[], max_length=10, title="More headers")

    def sent(self) -> dict[str, str]:
        """The headers that go along with each request."""
        own = {"Authorization": f"Bearer {self.bearer.get_secret_value()}"} if self.bearer else {}
        return {**own, **{line.name: line.value.get_secret_value() for line in self.headers}}


class Offer(BaseModel):
    """A tool as the server described it when it was last asked."""

    name: str
    title: str = ""
    description: str = ""
    parameters: dict[str, Any]
    answer_schema: dict[str, Any] | None = None
    says_read: bool = False
    """Whether the server says that it changes nothing (`readOnlyHint`). A hint: the server may be wrong, or lie."""
    print: str
    """SHA-256 of all that it says of the tool: another description is another tool."""

    @classmethod
    def of(cls, tool: types.Tool) -> Self | None:
        """What is kept of it; None for one that cannot be used, as its schema is too large or none of an object."""
        said = tool.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"meta", "icons"})
        if tool.input_schema.get("type") != "object" or len(json.dumps(said)) > LARGEST_SCHEMA:
            return None
        if not tool.name or len(tool.name) > 128 or not tool.name.isprintable():
            return None
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        hints = tool.annotations
        return cls(
            name=tool.name,
            title=(tool.title or (hints.title if hints else None) or "")[:100],
            description=(tool.description or "")[:LONGEST_TEXT],
            parameters=tool.input_schema,
            answer_schema=tool.output_schema,
            says_read=bool(hints and hints.read_only_hint),
            print=hashlib.sha256(canonical).hexdigest(),
        )


class Allowed(BaseModel):
    """That a tool may be used, as it was described when somebody said so."""

    print: str
    as_read: bool = False
    """Whether the administrator answers for it that it changes nothing, where the server does not say so."""


class Tools(BaseModel):
    """What is kept with a server."""

    offered: list[Offer] = []
    allowed: dict[str, Allowed] = {}

    def offer(self, name: str) -> Offer | None:
        return next((each for each in self.offered if each.name == name), None)

    def state(self, offer: Offer) -> str:
        """`allowed`, `changed` since it was allowed, or `not allowed`."""
        held = self.allowed.get(offer.name)
        if held is None:
            return "not allowed"
        if held.print != offer.print:
            return "changed"
        return "allowed" if offer.says_read or held.as_read else "not allowed"

    @property
    def usable(self) -> list[Offer]:
        return [offer for offer in self.offered if self.state(offer) == "allowed"]
