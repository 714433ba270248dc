"""XML signatures by the binding of libxmlsec that the product uses as well: no program has to be installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xmlsec
from lxml import etree
from saml2.sigver import CryptoBackend

NS = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}


class Binding(CryptoBackend):
    """What pysaml2 signs with."""

    def sign_statement(self, statement: Any, node_name: str, key_file: str, node_id: str) -> str:
        root = etree.fromstring(statement if isinstance(statement, bytes) else str(statement).encode())
        (element,) = root.xpath("//*[@ID=$id]", id=node_id)
        (signature,) = element.xpath("ds:Signature", namespaces=NS)
        _sign(root, signature, Path(key_file))
        return bytes(etree.tostring(root)).decode()


def sign(root: Any, element: Any, key_file: Path) -> None:
    """Sign an element of a document, in place of the signature that it has."""
    for old in element.xpath("ds:Signature", namespaces=NS):
        element.remove(old)
    signature = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    element.insert(1, signature)  # after the issuer, where the schema has it
    reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    _sign(root, signature, key_file)


def _sign(root: Any, signature: Any, key_file: Path) -> None:
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_file.read_bytes(), xmlsec.KeyFormat.PEM, None)
    context.sign(signature)
