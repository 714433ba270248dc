"""Answers of SAML that nobody should believe, each built of a genuine one."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from tests.samlprovider.signing import NS, sign

Change = Callable[[Any], object]
_SAMLP, _SAML, _DS = (f"{{{NS[name]}}}" for name in ("samlp", "saml", "ds"))


def parsed(xml: bytes) -> Any:
    return etree.fromstring(xml)


def assertion_of(root: Any) -> Any:
    return root.find("saml:Assertion", NS)


def signature_of(element: Any) -> Any:
    return element.find("ds:Signature", NS)


def resigned(xml: bytes, key_file: Any, change: Change, *, whole: bool = False) -> bytes:
    """A response that was changed and is signed by the provider's own key: what it might say itself."""
    root = parsed(xml)
    change(root)
    sign(root, assertion_of(root), key_file)
    if whole:
        sign(root, root, key_file)
    return bytes(etree.tostring(root))


def moment(seconds: float) -> str:
    """So many seconds from now, as SAML writes it."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def set_times(root: Any, begins: float, ends: float) -> None:
    """When the assertion holds, in seconds from now."""
    conditions = root.find(".//saml:Conditions", NS)
    conditions.set("NotBefore", moment(begins))
    conditions.set("NotOnOrAfter", moment(ends))
    for each in root.iterfind(".//saml:SubjectConfirmationData", NS):
        each.attrib.pop("NotBefore", None)
        each.set("NotOnOrAfter", moment(ends))


def set_data(**values: str | None) -> Change:
    """Change what the bearer's confirmation says."""

    def change(root: Any) -> None:
        for each in root.iterfind(".//saml:SubjectConfirmationData", NS):
            for name, value in values.items():
                each.attrib.pop(name, None) if value is None else each.set(name, value)

    return change


def set_text(path: str, text: str) -> Change:
    def change(root: Any) -> None:
        for each in root.iterfind(path, NS):
            each.text = text

    return change


def drop(path: str) -> Change:
    def change(root: Any) -> None:
        for each in root.findall(path, NS):
            each.getparent().remove(each)

    return change


def without_signatures(xml: bytes) -> bytes:
    root = parsed(xml)
    for each in root.xpath("//ds:Signature", namespaces=NS):
        each.getparent().remove(each)
    return bytes(etree.tostring(root))


def _evil(element: Any, person: str) -> Any:
    """A copy without a signature, with another id, that speaks of somebody else."""
    made = deepcopy(element)
    for each in made.findall(".//ds:Signature", NS):
        each.getparent().remove(each)
    made.set("ID", f"evil-{uuid4().hex}")
    for inner in made.iter(f"{_SAML}Assertion"):
        inner.set("ID", f"evil-{uuid4().hex}")
    for each in made.iter(f"{_SAML}NameID"):
        each.text = person
    for each in made.iter(f"{_SAML}AttributeValue"):
        if "@" in (each.text or ""):
            each.text = f"{person}@acme.example"
    return made


def xsw1(root: Any, person: str) -> Any:
    """The signed response hangs in the signature of a forged one."""
    evil, original = _evil(root, person), deepcopy(root)
    signature = signature_of(original)
    original.remove(signature)
    signature.append(original)
    evil.insert(1, signature)
    return evil


def xsw2(root: Any, person: str) -> Any:
    """The signed response stands before its signature, both in a forged one."""
    evil, original = _evil(root, person), deepcopy(root)
    signature = signature_of(original)
    original.remove(signature)
    evil.insert(1, original)
    evil.insert(2, signature)
    return evil


def xsw3(root: Any, person: str) -> Any:
    """A forged assertion stands before the signed one."""
    root = deepcopy(root)
    original = assertion_of(root)
    original.addprevious(_evil(original, person))
    return root


def xsw4(root: Any, person: str) -> Any:
    """The signed assertion is a child of a forged one."""
    root = deepcopy(root)
    original = assertion_of(root)
    evil = _evil(original, person)
    root.replace(original, evil)
    evil.append(original)
    return root


def xsw5(root: Any, person: str) -> Any:
    """A forged assertion carries the signature of the original, which stands at the end without it."""
    root = deepcopy(root)
    original = assertion_of(root)
    signature = signature_of(original)
    evil = _evil(original, person)
    evil.insert(1, deepcopy(signature))
    original.remove(signature)
    root.replace(original, evil)
    root.append(original)
    return root


def xsw6(root: Any, person: str) -> Any:
    """The same, and the original hangs in the signature."""
    root = deepcopy(root)
    original = assertion_of(root)
    signature = signature_of(original)
    evil = _evil(original, person)
    original.remove(signature)
    root.replace(original, evil)
    evil.insert(1, signature)
    signature.append(original)
    return root


def xsw7(root: Any, person: str) -> Any:
    """A forged assertion hides in an extension, before the signed one, with its id."""
    root = deepcopy(root)
    original = assertion_of(root)
    evil = _evil(original, person)
    evil.set("ID", original.get("ID"))
    extensions = etree.Element(f"{_SAMLP}Extensions")
    extensions.append(evil)
    root.insert(1, extensions)
    return root


def xsw8(root: Any, person: str) -> Any:
    """A forged assertion carries the signature, in an object of which the original hangs."""
    root = deepcopy(root)
    original = assertion_of(root)
    signature = signature_of(original)
    evil = _evil(original, person)
    original.remove(signature)
    holder = etree.SubElement(signature, f"{_DS}Object")
    root.replace(original, evil)
    evil.insert(1, signature)
    holder.append(original)
    return root


WRAPPED: dict[str, Callable[[Any, str], Any]] = {
    each.__name__.upper(): each for each in (xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8)
}
WHOLE = {"XSW1", "XSW2"}
"""Those that wrap a signed response; the others wrap a signed assertion."""


def redirected(address: str, key_file: Any, change: Callable[[bytes], bytes]) -> str:
    """An address that brings a request by redirect, changed and signed by this key: what its holder might send."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    made = zlib.compressobj(wbits=-15)
    told = change(zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15))
    said = {"SAMLRequest": base64.b64encode(made.compress(told) + made.flush()), "SigAlg": query["SigAlg"]}
    key: Any = serialization.load_pem_private_key(key_file.read_bytes(), None)
    signature = key.sign(urlencode(said).encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{address.partition('?')[0]}?{urlencode({**said, 'Signature': base64.b64encode(signature)})}"
