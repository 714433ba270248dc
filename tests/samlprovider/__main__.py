"""`python -m tests.samlprovider PORT FOLDER`: an identity provider by pysaml2, with what lies in the folder."""

from __future__ import annotations

import html
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server

from tests.samlprovider.signing import Binding

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
BASE = f"http://127.0.0.1:{PORT}"
PASSWORD = {"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": BASE}


def config() -> Any:
    programs = [path.read_text() for path in sorted(FOLDER.glob("*.sp.xml"))]
    return IdPConfig().load(
        {
            "entityid": f"{BASE}/metadata",
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"{BASE}/sso", BINDING_HTTP_REDIRECT)],
                        "single_logout_service": [(f"{BASE}/slo", BINDING_HTTP_REDIRECT)],
                    },
                    "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
                    "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                    "want_authn_requests_signed": True,
                }
            },
            "metadata": {"inline": programs},
            "key_file": str(FOLDER / "key.pem"),
            "cert_file": str(FOLDER / "certificate.pem"),
            "xmlsec_binary": sys.executable,  # only looked for: what signs is the binding
        }
    )


def server() -> Any:
    made = Server(config=config())
    made.sec.crypto = Binding()
    return made


def signature_of(query: dict[str, str]) -> dict[str, str | None]:
    """What was signed of a request, and how: it stands beside it in the address."""
    return {"relay_state": query.get("RelayState"), "sigalg": query.get("SigAlg"), "signature": query.get("Signature")}


def signed_in(query: dict[str, str], person: str) -> str:
    """A page whose form brings the answer to the program that asked."""
    idp = server()
    asked = idp.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT, **signature_of(query))
    known = json.loads((FOLDER / "people.json").read_text())[person]
    args = idp.response_args(asked.message)
    response = idp.create_authn_response(
        identity=known,
        name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=person),
        authn=PASSWORD,
        sign_assertion=True,
        sign_response=False,
        sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        digest_alg="http://www.w3.org/2001/04/xmlenc#sha256",
        **{name: value for name, value in args.items() if name != "name_id_policy"},
    )
    sent = idp.apply_binding(BINDING_HTTP_POST, str(response), args["destination"], "", response=True)
    return str(sent["data"])


def signed_out(query: dict[str, str]) -> str:
    """Where a browser goes that asked to be signed out."""
    idp = server()
    asked = idp.parse_logout_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT, **signature_of(query))
    response = idp.create_logout_response(asked.message, [BINDING_HTTP_REDIRECT], sign=False)
    destination = idp.pick_binding("single_logout_service", [BINDING_HTTP_REDIRECT], "spsso", request=asked.message)[1]
    return redirect(idp, response, destination, query.get("RelayState", ""), response=True)


def ended(query: dict[str, str]) -> str:
    """Where a browser goes whose session ends here: to the program, which is to end its own."""
    idp = server()
    destination = idp.pick_binding(
        "single_logout_service", [BINDING_HTTP_REDIRECT], "spsso", entity_id=query["program"]
    )[1]
    name_id = NameID(format=NAMEID_FORMAT_PERSISTENT, text=query["person"])
    asks = idp.create_logout_request(
        destination, query["program"], name_id=name_id, session_indexes=[query["index"]], sign=False
    )[1]
    return redirect(idp, asks, destination, "back here", response=False)


def redirect(idp: Any, message: Any, destination: str, relay_state: str, *, response: bool) -> str:
    sent = idp.apply_binding(
        BINDING_HTTP_REDIRECT,
        str(message),
        destination,
        relay_state,
        response=response,
        sign=True,
        sigalg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    )
    return str(dict(sent["headers"])["Location"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        try:
            if parts.path == "/metadata":
                about = config()
                about.xmlsec_binary = None  # else it is asked what it can do
                self._answer(200, str(entity_descriptor(about)), "application/samlmetadata+xml")
            elif parts.path == "/sso":
                self._answer(200, signed_in(query, self.headers["X-Person"]), "text/html")
            else:
                self.send_response(302)
                self.send_header("Location", ended(query) if parts.path == "/end" else signed_out(query))
                self.end_headers()
        except Exception as error:  # told to the test that asked
            self._answer(500, html.escape(repr(error)), "text/html")
            raise

    def _answer(self, status: int, body: str, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests look at what comes back."""


if __name__ == "__main__":
    listening = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    print("ready", flush=True)
    listening.serve_forever()
