"""What is entered of a provider, and of whom it lets in: as forms, the API and the database have it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from cryptography import x509
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from apps.common import outbound
from apps.common.errors import Problem
from apps.common.schemas import StrictModel

Role = Literal["administrator", "builder", "analyst", "approver", "auditor", "viewer"]
"""What groups may lead to: owners are made by hand."""
LARGEST_METADATA: Final = 256 * 1024


def _web_address(url: str) -> str:
    try:
        outbound.require_web_address(url)
    except Problem as problem:
        raise ValueError(problem.detail) from problem
    return url


def certificate_of(text: str) -> x509.Certificate:
    """A certificate as PEM or as its base64 alone. Raises `ValueError`."""
    body = "".join(line for line in text.split() if line)
    for mark in ("-----BEGINCERTIFICATE-----", "-----ENDCERTIFICATE-----"):
        body = body.replace(mark, "")
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    try:
        return x509.load_pem_x509_certificate(
            f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()
        )
    except ValueError as error:
        raise ValueError("This is no X.509 certificate: paste it whole, as PEM.") from error


def _certificate(text: str) -> str:
    certificate_of(text)
    return text.strip()


WebAddress = Annotated[str, Field(max_length=2000, json_schema_extra={"long": False}), AfterValidator(_web_address)]
Certificate = Annotated[str, Field(max_length=10_000, json_schema_extra={"long": True}), AfterValidator(_certificate)]


class OidcAccess(StrictModel):
    """A provider that speaks OpenID Connect."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"issuer": "https://login.example.com", "client_id": "orchestrall", "client_secret": "..."}]
        }
    )

    issuer: WebAddress = Field(
        title="Issuer",
        description="As the provider's discovery document writes it, to the last slash.",
        examples=["https://login.example.com/tenant"],
    )
    client_id: str = Field(title="Client id", min_length=1, max_length=250)
    client_secret: SecretStr | None = Field(
        default=None,
        title="Client secret",
        max_length=2_000,
        description="None for a client that the provider calls public: PKCE is used in either case.",
    )
    scopes: str = Field(
        default="openid profile email",
        title="Scopes",
        max_length=250,
        description="Add the one that brings groups, where the provider wants it asked for.",
    )
    vouches: bool = Field(
        default=False,
        title="The provider does not say email_verified, and I answer for its addresses",
        description="Entra ID is one. Leave it off where people can enter an address of their own there.",
    )

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, scopes: str) -> str:
        words = scopes.split()
        if "openid" not in words:
            raise ValueError("The scope openid has to be among them.")
        return " ".join(dict.fromkeys(words))


class SamlAccess(StrictModel):
    """A provider that speaks SAML 2.0. Paste its metadata, name their address, or fill in the fields."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"metadata_url": "https://idp.example.com/saml/metadata"}]}
    )

    metadata_url: WebAddress | None = Field(
        default=None, title="Address of its metadata", description="Fetched when you save; then the fields are filled."
    )
    metadata_xml: str | None = Field(
        default=None,
        title="Its metadata as XML",
        max_length=LARGEST_METADATA,
        json_schema_extra={"long": True},
    )
    entity_id: str = Field(
        default="", title="Entity id of the provider", max_length=1024, json_schema_extra={"long": False}
    )
    sso_url: WebAddress | None = Field(default=None, title="Address of its sign-in (HTTP-Redirect)")
    slo_url: WebAddress | None = Field(default=None, title="Address of its sign-out (HTTP-Redirect)")
    certificates: list[Certificate] = Field(
        default_factory=list,
        title="Its signing certificates",
        max_length=5,
        description="Two while the provider changes from one to the next.",
    )
    want_signed_response: bool = Field(
        default=False,
        title="The whole answer has to be signed, not the assertion alone",
        description="The assertion has to be signed in either case.",
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not (self.metadata_url or self.metadata_xml or (self.entity_id and self.sso_url and self.certificates)):
            raise ValueError(
                "Give the address of the metadata, the metadata as XML, or all three of entity id, address of the "
                "sign-in and a certificate."
            )
        return self


class RoleOfGroup(StrictModel):
    group: str = Field(title="Group", min_length=1, max_length=300, description="As the provider writes it.")
    role: Role = Field(title="Role")


class Rules(StrictModel):
    """Whom a connection lets in, and with which role."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "just_in_time": True,
                    "default_role": "viewer",
                    "roles": [{"group": "Platform engineers", "role": "builder"}],
                }
            ]
        }
    )

    just_in_time: bool = Field(
        default=True,
        title="Make members of people who sign in for the first time",
        description="Off: only who is a member already comes in.",
    )
    default_role: Role | None = Field(
        default=None, title="Role of who is in none of these groups", description="None: they do not come in."
    )
    roles: list[RoleOfGroup] = Field(
        default_factory=list,
        title="Roles by groups",
        max_length=200,
        description="Of several the one that may do most counts, anew at each sign-in. Owners are made by hand.",
    )
    email: str = Field(
        default="", title="Where the address is", max_length=300, description="Empty: where it usually is."
    )
    name: str = Field(default="", title="Where the name is", max_length=300, description="Empty: where it usually is.")
    groups: str = Field(
        default="groups", title="Where the groups are", max_length=300, description="A claim, or a SAML attribute."
    )

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        names = [each.group for each in self.roles]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))} is there twice: give each group one role.")
        return self

    def role_of(self, groups: frozenset[str]) -> str | None:
        """What these groups lead to; None where they, and the rest of the rules, lead nowhere."""
        from apps.accounts.selectors import rank

        found = sorted((each.role for each in self.roles if each.group in groups), key=rank)
        return found[0] if found else self.default_role


ACCESS: Final[dict[str, type[OidcAccess] | type[SamlAccess]]] = {"oidc": OidcAccess, "saml": SamlAccess}


def access_of(kind: str, stored: dict[str, Any]) -> Any:
    """How a connection's provider is reached."""
    return ACCESS[kind].model_validate(stored)
