"""The metadata of SAML providers: read into what a connection is made of."""

from __future__ import annotations

from typing import Any

from apps.accounts.sso.fetching import fetched
from apps.accounts.sso.problems import SsoRefused
from apps.accounts.sso.schemas import SamlAccess
from apps.common.errors import InvalidInput, Issue

_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


def filled(access: SamlAccess) -> SamlAccess:
    """The same with its fields filled from metadata, where there are any. Raises `InvalidInput` naming the place."""
    if access.metadata_xml:
        return _taken(access, access.metadata_xml.encode(), "metadata_xml")
    if access.metadata_url:
        return _taken(access, _fetched(access.metadata_url), "metadata_url")
    return access


def _fetched(url: str) -> bytes:
    try:
        answer = fetched(url, accept="application/samlmetadata+xml, application/xml, text/xml")
    except SsoRefused as problem:
        raise _wrong("metadata_url", problem.detail) from problem
    if answer.status != 200 or answer.is_cut:
        raise _wrong("metadata_url", f"It answered with status {answer.status}, or with more than 1 MiB.")
    return answer.body


def _taken(access: SamlAccess, xml: bytes, place: str) -> SamlAccess:
    found = provider_of(xml, place, access.entity_id)
    if not found["entity_id"] or not found["sso_url"] or not found["certificates"]:
        raise _wrong(place, "It names no provider with a sign-in by HTTP-Redirect and a signing certificate.")
    # The XML is not kept: what was taken from it is what holds.
    return SamlAccess.model_validate({**access.model_dump(), **found, "metadata_xml": None})


def provider_of(xml: bytes, place: str, entity_id: str = "") -> dict[str, Any]:
    """What metadata say of a provider: of the one with this id, where they speak of several."""
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Parser
    from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

    try:
        root = OneLogin_Saml2_XML.to_etree(xml)  # without declarations of types, and so without entities
        names = [
            each.get("entityID")
            for each in root.iter("{*}EntityDescriptor")
            if each.find("{*}IDPSSODescriptor") is not None
        ]
        if len(names) > 1 and entity_id not in names:
            raise _wrong("entity_id", f"They speak of {len(names)} providers: enter the entity id of yours.")
        wanted = entity_id if entity_id in names else None
        found = Parser.parse(xml, required_sso_binding=_REDIRECT, required_slo_binding=_REDIRECT, entity_id=wanted)
    except InvalidInput:
        raise
    except Exception as error:  # of several libraries, for a text that anybody may have written
        raise _wrong(place, "These are no metadata of a SAML provider as XML without declarations.") from error
    idp = found.get("idp") or {}
    several = (idp.get("x509certMulti") or {}).get("signing") or []
    return {
        "entity_id": idp.get("entityId", ""),
        "sso_url": (idp.get("singleSignOnService") or {}).get("url"),
        "slo_url": (idp.get("singleLogoutService") or {}).get("url"),
        "certificates": list(dict.fromkeys(several or filter(None, [idp.get("x509cert")])))[:5],
    }


def _wrong(place: str, message: str) -> InvalidInput:
    return InvalidInput("Nothing was stored.", issues=[Issue(path=f"access.{place}", message=message)])
