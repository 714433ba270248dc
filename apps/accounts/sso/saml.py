"""SAML 2.0, web browser single sign-on: requests by redirect, signed; answers by POST, whose assertion is signed.

The library checks signatures, what they cover, and most of the conditions. It lets pass what an answer leaves out (an
audience, a recipient, which request it answers), compares addresses by how they begin, and allows five minutes of skew:
so of the assertion whose signature holds each of these is checked here once more, and exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from apps.accounts.models import SsoConnection
from apps.accounts.sso.asserted import SKEW, Asserted, address_of, line_of, seen_once
from apps.accounts.sso.problems import SsoRefused
from apps.accounts.sso.schemas import Rules, SamlAccess
from apps.tenants.context import current_tenant, tenant_url

LARGEST: Final = 256 * 1024
"""Characters of an answer."""
LOGOUT_REQUEST: Final = timedelta(minutes=5)
"""For how long a request to end sessions is taken: a browser brings it at once."""
_NS: Final = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_EMAIL_FORMAT: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_DSIG: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_SIGNED_BY: Final = frozenset(f"{_DSIG}{family}-sha{bits}" for family in ("rsa", "ecdsa") for bits in (256, 384, 512))
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORMS: Final = frozenset({"http://www.w3.org/2000/09/xmldsig#enveloped-signature", _EXCLUSIVE})
"""What may happen to an assertion before it is digested (SAML Core 5.4.4): nothing that could leave a part out."""
_EMAILS: Final = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "email",
    "mail",
)
_NAMES: Final = (
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "displayName",
    "name",
)
_VERIFIED: Final = ("email_verified", "http://schemas.auth0.com/email_verified")


class Saml(SAMLProvider):
    """The library's provider, whose requests are signed, and where asked for, wish it to be proved anew."""

    @cached_property
    def connection(self) -> SsoConnection:
        return SsoConnection.objects.get(pk=self.app.provider_id)

    def begin(self, request: HttpRequest, *, process: str, next_url: str) -> HttpResponse:
        """To the provider. The request's id is kept in the session for ten minutes: the answer has to name it."""
        auth = _auth(self.connection, acs_url(self.connection.pk))
        address = auth.login(return_to="", force_authn=process == "again")
        self.stash_redirect_state(
            request,
            process,
            next_url or None,
            None,
            state_id=auth.get_last_request_id(),
            began=timezone.now().timestamp(),
        )
        return HttpResponseRedirect(address)


def acs_url(id: Any) -> str:
    """Where a provider's answers are sent to."""
    return tenant_url(current_tenant(), reverse("sso:acs", args=[id]))


def sls_url(id: Any) -> str:
    return tenant_url(current_tenant(), reverse("sso:sls", args=[id]))


def entity_id(id: Any) -> str:
    """Our name at the provider: the address of our metadata."""
    return tenant_url(current_tenant(), reverse("sso:metadata", args=[id]))


def metadata_of(connection: SsoConnection) -> bytes:
    """What a provider has to know of us, as XML."""
    made = _settings(connection).get_sp_metadata()
    return made.encode() if isinstance(made, str) else bytes(made)


def request_named(answer: str) -> str:
    """The request that an answer says it is to; empty where it says none. Nothing of it is believed yet."""
    return str(_parsed(answer).get("InResponseTo") or "")


def asserted(connection: SsoConnection, answer: str, *, request_id: str) -> tuple[Asserted, float | None]:
    """Who an answer (base64) to our request speaks of, and when they proved it. Raises `SsoRefused`."""
    from onelogin.saml2.response import OneLogin_Saml2_Response as Response

    root = _parsed(answer)
    _require_one_signature(root)
    try:
        response = Response(_settings(connection), answer)
        response.is_valid(_request_data(acs_url(connection.pk)), request_id, raise_exceptions=True)
        (assertion,) = response.get_xml_document().xpath("/samlp:Response/saml:Assertion", namespaces=_NS)
        until = _check(connection, root, assertion, request_id)
        seen_once(connection, "assertion", assertion.get("ID"), until=until)
        person = _person(connection, response)
    except SsoRefused:
        raise
    except Exception as error:  # whatever the libraries raise at a hostile document: nobody comes in by it
        raise _refused(error, root, connection, request_id) from error
    moment = _moment(assertion.xpath("string(saml:AuthnStatement/@AuthnInstant)", namespaces=_NS))
    return person, moment.timestamp() if moment else None


def _parsed(answer: str) -> Any:
    """The document, without comments, which are no part of what is signed. Raises `SsoRefused` where it declares types
    or entities."""
    from onelogin.saml2.utils import OneLogin_Saml2_Utils
    from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

    if not answer or len(answer) > LARGEST:
        raise SsoRefused("structure", "It is empty, or longer than any answer.")
    try:
        root = OneLogin_Saml2_XML.to_etree(OneLogin_Saml2_Utils.b64decode(answer))
    except Exception as error:  # of several libraries, for bytes that anybody may have sent
        raise SsoRefused("structure", "It cannot be read as XML without declarations.") from error
    if root.tag != f"{{{_NS['samlp']}}}Response":
        raise SsoRefused("structure", "It is no response.")
    return root


def _require_one_signature(root: Any) -> None:
    """That each signature is of one of the known kinds, and over one element, whole."""
    for signature in root.xpath("//ds:Signature", namespaces=_NS):
        references = signature.xpath("ds:SignedInfo/ds:Reference", namespaces=_NS)
        ways = set(signature.xpath(".//ds:Transform/@Algorithm", namespaces=_NS))
        if len(references) != 1 or not ways <= _TRANSFORMS or signature.xpath(".//ds:Object", namespaces=_NS):
            raise SsoRefused("structure", "A signature covers something else than one whole element.")
        by = signature.xpath("string(ds:SignedInfo/ds:SignatureMethod/@Algorithm)", namespaces=_NS)
        if by not in _SIGNED_BY:
            raise SsoRefused("algorithm", f"It says {line_of(by, 80) or 'nothing'}.")


def _check(connection: SsoConnection, root: Any, assertion: Any, request_id: str) -> datetime:
    """What the library lets pass. Returns until when the assertion could be used."""
    now, here = timezone.now(), acs_url(connection.pk)
    if root.get("Destination", here) != here:
        raise SsoRefused("recipient")
    (conditions,) = assertion.xpath("saml:Conditions", namespaces=_NS)
    audiences = conditions.xpath("saml:AudienceRestriction/saml:Audience/text()", namespaces=_NS)
    if entity_id(connection.pk) not in [each.strip() for each in audiences]:
        raise SsoRefused("audience")
    begins, ends = _moment(conditions.get("NotBefore")), _moment(conditions.get("NotOnOrAfter"))
    if (begins and begins > now + SKEW) or (ends and ends <= now - SKEW):
        raise SsoRefused("expired")
    confirmed = _confirmed(assertion, here, request_id, now)
    return max(filter(None, [confirmed, ends]))


def _confirmed(assertion: Any, here: str, request_id: str, now: datetime) -> datetime:
    """Until when the bearer may bring the assertion, to us, as the answer to our request (Profiles 4.1.4.2)."""
    why = "structure"
    for each in assertion.xpath("saml:Subject/saml:SubjectConfirmation", namespaces=_NS):
        data = each.find("saml:SubjectConfirmationData", _NS)
        if each.get("Method") != _BEARER or data is None:
            continue
        until = _moment(data.get("NotOnOrAfter"))
        if data.get("Recipient") != here:
            why = "recipient"
        elif data.get("InResponseTo") != request_id:
            why = "request"
        elif until is None or until <= now - SKEW or data.get("NotBefore"):
            why = "expired"
        else:
            return until
    raise SsoRefused(why)


def _refused(error: Exception, root: Any, connection: SsoConnection, request_id: str) -> SsoRefused:
    """What the library found wrong, in our words. Its own may repeat what was sent."""
    from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Wrong

    code = getattr(error, "code", None) if isinstance(error, Wrong) else None
    reasons = {
        Wrong.WRONG_ISSUER: "issuer",
        Wrong.WRONG_AUDIENCE: "audience",
        Wrong.WRONG_DESTINATION: "recipient",
        Wrong.EMPTY_DESTINATION: "recipient",
        Wrong.WRONG_INRESPONSETO: "request",
        Wrong.INVALID_SIGNATURE: "signature",
        Wrong.NO_SIGNATURE_FOUND: "unsigned",
        Wrong.NO_SIGNED_ASSERTION: "unsigned",
        Wrong.NO_SIGNED_MESSAGE: "unsigned",
        Wrong.DEPRECATED_SIGNATURE_METHOD: "algorithm",
        Wrong.DEPRECATED_DIGEST_METHOD: "algorithm",
        Wrong.ASSERTION_EXPIRED: "expired",
        Wrong.ASSERTION_TOO_EARLY: "expired",
        Wrong.SESSION_EXPIRED: "expired",
        Wrong.STATUS_CODE_IS_NOT_SUCCESS: "declined",
    }
    found = root.xpath("/samlp:Response/saml:Assertion", namespaces=_NS)
    if code == Wrong.WRONG_SUBJECTCONFIRMATION and len(found) == 1:
        try:
            _confirmed(found[0], acs_url(connection.pk), request_id, timezone.now() + SKEW)
        except SsoRefused as refused:
            return refused
    return SsoRefused(reasons.get(code, "structure"))


def _person(connection: SsoConnection, response: Any) -> Asserted:
    rules = Rules.model_validate(connection.rules)
    attributes: Mapping[str, list[Any]] = response.get_attributes()
    friendly: Mapping[str, list[Any]] = response.get_friendlyname_attributes()

    def first(*names: str) -> str:
        for name in names:
            for value in attributes.get(name) or friendly.get(name) or []:
                if isinstance(value, str):
                    return value
        return ""

    name_id, name_format = str(response.get_nameid() or ""), response.get_nameid_format()
    if name_format and name_format.endswith(":transient"):
        raise SsoRefused("subject", "Its name for you changes each time (transient): a persistent one is needed.")
    by_name = name_id if name_format == _EMAIL_FORMAT else ""
    email = first(rules.email) if rules.email else first(*_EMAILS) or by_name
    groups = (attributes.get(rules.groups) or friendly.get(rules.groups) or []) if rules.groups else []
    return Asserted(
        subject=name_id,
        email=address_of(email),
        email_verified=first(*_VERIFIED).lower() not in {"false", "0", "no"},
        name=line_of(first(rules.name) if rules.name else first(*_NAMES), 150),
        groups=frozenset(each for each in groups if isinstance(each, str)),
        sid=line_of(response.get_session_index() or "", 300),
        hint={"name_id": name_id, "format": name_format or "", "index": response.get_session_index() or ""},
    )


def logout_url(connection: SsoConnection, hint: Mapping[str, Any], *, back: str) -> str:
    """Where the provider ends its own session; empty where it has no such place."""
    if not SamlAccess.model_validate(connection.access).slo_url:
        return ""
    auth = _auth(connection, sls_url(connection.pk))
    made = auth.logout(
        return_to=back,
        name_id=hint.get("name_id"),
        name_id_format=hint.get("format") or None,
        session_index=hint.get("index") or None,
    )
    return str(made)


def logged_out(connection: SsoConnection, query: Mapping[str, str], raw: str) -> tuple[str, str, list[str]]:
    """Whose sessions a provider ends by a signed request: our answer's address, their subject, and the sessions' names.

    An answer to a request of ours ends nothing any more. Raises `SsoRefused`.
    """
    from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request as LogoutRequest

    if "Signature" not in query:
        raise SsoRefused("unsigned")
    # The library verifies the address as it stands, and reads it decoded: no name may be there twice, or disguised.
    names = sorted(part.partition("=")[0] for part in raw.split("&"))
    if names != sorted(query) or ("SAMLRequest" in query) == ("SAMLResponse" in query):
        raise SsoRefused("structure")
    if query.get("SigAlg") not in _SIGNED_BY:
        raise SsoRefused("algorithm", f"It says {line_of(query.get('SigAlg'), 80) or 'nothing'}.")
    auth = _auth(connection, sls_url(connection.pk), query=query, raw=raw)
    try:
        answer = auth.process_slo(keep_local_session=True)
    except Exception as error:  # whatever the libraries raise at a hostile document
        raise SsoRefused("structure") from error
    if auth.get_errors():
        wrong = "signature" if "signature" in " ".join(auth.get_errors()).lower() else "structure"
        raise SsoRefused(wrong)
    if "SAMLRequest" not in query:
        return "", "", []
    told = auth.get_last_request_xml()
    _check_logout(connection, told)
    return str(answer or ""), str(LogoutRequest.get_nameid(told)), list(LogoutRequest.get_session_indexes(told))


def _check_logout(connection: SsoConnection, told: str) -> None:
    """What the library lets pass of a request to end sessions (Profiles 4.4.3.1, Bindings 3.4.5.2), and that it is used
    once, and while it is new: else whoever finds its address in a log ends sessions that came later."""
    from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

    root, now = OneLogin_Saml2_XML.to_etree(told), timezone.now()
    if root.get("Destination") != sls_url(connection.pk):
        raise SsoRefused("recipient")
    if root.xpath("string(saml:Issuer)", namespaces=_NS).strip() != connection.access["entity_id"]:
        raise SsoRefused("issuer")
    made = _moment(root.get("IssueInstant"))
    if made is None or not now - LOGOUT_REQUEST - SKEW < made <= now + SKEW:
        raise SsoRefused("expired")
    seen_once(connection, "logout", root.get("ID"), until=made + LOGOUT_REQUEST)


def _auth(connection: SsoConnection, here: str, *, query: Mapping[str, str] | None = None, raw: str = "") -> Any:
    from onelogin.saml2.auth import OneLogin_Saml2_Auth

    data = _request_data(here) | {
        "get_data": dict(query or {}),
        "query_string": raw,
        "validate_signature_from_qs": True,
    }
    return OneLogin_Saml2_Auth(data, _settings(connection))


def _request_data(here: str) -> dict[str, Any]:
    """The request as the library wants one: at the address that we are known by, whatever its headers say."""
    parts = urlsplit(here)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": parts.path,
        "get_data": {},
        "post_data": {},
    }


def _settings(connection: SsoConnection) -> Any:
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    access, keys = SamlAccess.model_validate(connection.access), connection.keys or {}
    provider: dict[str, Any] = {
        "entityId": access.entity_id,
        "singleSignOnService": {"url": access.sso_url, "binding": _REDIRECT},
        "x509certMulti": {"signing": list(access.certificates)},
    }
    if access.slo_url:
        provider["singleLogoutService"] = {"url": access.slo_url, "binding": _REDIRECT}
    ours = {
        "entityId": entity_id(connection.pk),
        "assertionConsumerService": {"url": acs_url(connection.pk), "binding": _POST},
        "singleLogoutService": {"url": sls_url(connection.pk), "binding": _REDIRECT},
        "NameIDFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "x509cert": keys.get("certificate", ""),
        "privateKey": keys.get("private_key", ""),
    }
    security = {
        "authnRequestsSigned": True,
        "logoutRequestSigned": True,
        "logoutResponseSigned": True,
        "wantAssertionsSigned": True,
        "wantMessagesSigned": access.want_signed_response,
        "wantNameId": True,
        "wantAttributeStatement": False,
        "allowRepeatAttributeName": True,
        "requestedAuthnContext": False,
        "rejectDeprecatedAlgorithm": True,
        "allowSingleLabelDomains": True,
        "signatureAlgorithm": f"{_DSIG}rsa-sha256",
        "digestAlgorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
    }
    return OneLogin_Saml2_Settings({"strict": True, "idp": provider, "sp": ours, "security": security})


def _moment(text: str | None) -> datetime | None:
    """A moment as SAML writes it, in UTC. Raises `SsoRefused` for what is none."""
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise SsoRefused("structure", "It holds a moment that is none.")
    return found if timezone.is_aware(found) else found.replace(tzinfo=timezone.get_default_timezone())


def keys_made(name: str) -> dict[str, str]:
    """A pair for a connection: RSA of 3,072 bits, with a certificate that says nothing but whose it is."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return {
        "private_key": private.decode(),
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }
