"""JSON-RPC messages as they come over HTTP: read, held against the headers that come with them, and answered.

The transport's rules are those of the MCP specification: 2025-11-25 and 2025-06-18 "Transports", and 2026-07-28.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import mcp_types as types
from mcp_types import methods
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

HANDSHAKE_VERSIONS: Final = ("2025-06-18", "2025-11-25")
"""Of the protocol with sessions, oldest first. Older ones had batches, which are no more."""
VERSIONS: Final = (*HANDSHAKE_VERSIONS, *MODERN_PROTOCOL_VERSIONS)
VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"
SESSION_HEADER: Final = "Mcp-Session-Id"

_SENTINEL = re.compile(r"=\?base64\?(.*)\?=")
_STATUSES: Final = {
    types.PARSE_ERROR: 400,
    types.INVALID_REQUEST: 400,
    types.INVALID_PARAMS: 400,
    types.HEADER_MISMATCH: 400,
    types.UNSUPPORTED_PROTOCOL_VERSION: 400,
    types.METHOD_NOT_FOUND: 404,
}


class Refused(Exception):
    """A message that is answered by an error of the protocol, rather than by a tool."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


@dataclass(frozen=True)
class Asked:
    """One message of a client."""

    method: str
    id: int | str | None
    """None: a notification, which nobody answers."""
    params: dict[str, Any] | None
    version: str
    """Of the protocol that it is spoken in."""

    @property
    def is_modern(self) -> bool:
        return self.version in MODERN_PROTOCOL_VERSIONS

    def typed(self) -> Any:
        """The message as its model. Raises `Refused` for a method that its version has not, or wrong parameters."""
        try:
            return methods.parse_client_request(self.method, self.version, self.params)
        except KeyError:
            raise Refused(types.METHOD_NOT_FOUND, f"There is no method {self.method!r} here.") from None
        except ValidationError as error:
            places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3])
            raise Refused(types.INVALID_PARAMS, f"The parameters cannot be used: {places}.") from None


def asked_of(body: Any, headers: Mapping[str, str]) -> Asked:
    """The message in a body. Raises `Refused` where it is none, or says other things than the headers with it."""
    if not isinstance(body, dict) or "method" not in body:
        raise Refused(types.INVALID_REQUEST, "The body is not one JSON-RPC request or notification.")
    try:
        if "id" in body:
            request = types.JSONRPCRequest.model_validate(body)
            id, method, params = request.id, request.method, request.params
        else:
            notification = types.JSONRPCNotification.model_validate(body)
            id, method, params = None, notification.method, notification.params
    except ValidationError:
        raise Refused(types.INVALID_REQUEST, "The body is not one JSON-RPC request or notification.") from None
    version = headers.get(VERSION_HEADER, "")
    if method == "initialize" and version not in MODERN_PROTOCOL_VERSIONS:
        version = HANDSHAKE_VERSIONS[-1]  # it says itself which one it wants
    version = version or HANDSHAKE_VERSIONS[0]
    if version not in VERSIONS:
        raise _unsupported(version)
    asked = Asked(method, id, params, version)
    if asked.is_modern and id is not None:
        _check_envelope(asked, headers)
    return asked


def _check_envelope(asked: Asked, headers: Mapping[str, str]) -> None:
    """What a request of 2026-07-28 says twice, for whoever routes it by its headers, must be the same."""
    meta = (asked.params or {}).get("_meta")
    if not isinstance(meta, dict):
        raise Refused(types.INVALID_PARAMS, "params._meta is missing: it names the version and the capabilities.")
    wanted = (types.PROTOCOL_VERSION_META_KEY, types.CLIENT_CAPABILITIES_META_KEY)
    if missing := [key for key in wanted if key not in meta]:
        raise Refused(types.INVALID_PARAMS, f"params._meta lacks {', '.join(missing)}.")
    if meta[types.PROTOCOL_VERSION_META_KEY] != asked.version:
        raise Refused(types.HEADER_MISMATCH, f"{VERSION_HEADER} is not the version that the request itself names.")
    if headers.get(METHOD_HEADER) != asked.method:
        raise Refused(types.HEADER_MISMATCH, f"{METHOD_HEADER} is not the method that the request itself names.")
    name = (asked.params or {}).get("name")
    if asked.method == "tools/call" and name is not None and _plain(headers.get(NAME_HEADER)) != name:
        raise Refused(types.HEADER_MISMATCH, f"{NAME_HEADER} is not the tool that the request itself names.")


def _plain(value: str | None) -> str | None:
    """A header's text, which may come in base64 where a header cannot hold it. None where it cannot be read."""
    coded = _SENTINEL.fullmatch(value) if value is not None else None
    if coded is None:
        return value
    try:
        return base64.b64decode(coded[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _unsupported(version: str) -> Refused:
    data = {"supported": list(VERSIONS), "requested": version[:40]}
    return Refused(types.UNSUPPORTED_PROTOCOL_VERSION, "This version of the protocol is not spoken here.", data)


def result_of(asked: Asked, result: types.Result) -> dict[str, Any]:
    """The answer to a request, as its version has it."""
    dumped = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    shaped = methods.serialize_server_result(asked.method, asked.version, dumped)
    if asked.is_modern:
        shaped["_meta"] = {**shaped.get("_meta", {}), types.SERVER_INFO_META_KEY: server_info()}
    return {"jsonrpc": "2.0", "id": asked.id, "result": shaped}


def error_of(id: int | str | None, refused: Refused) -> dict[str, Any]:
    error: dict[str, Any] = {"code": refused.code, "message": refused.message}
    if refused.data is not None:
        error["data"] = refused.data
    return {"jsonrpc": "2.0", "id": id, "error": error}


def status_of(refused: Refused, headers: Mapping[str, str]) -> int:
    """The status of HTTP that tells an error: what cannot be read, always; what can, from 2026-07-28 on."""
    is_modern = headers.get(VERSION_HEADER) in MODERN_PROTOCOL_VERSIONS
    if not is_modern and refused.code in {types.METHOD_NOT_FOUND, types.INVALID_PARAMS}:
        return 200
    return _STATUSES.get(refused.code, 200)


def server_info() -> dict[str, Any]:
    from django.conf import settings

    from apps.tenants.context import current_tenant

    info = types.Implementation(
        name="orchestrall",
        title=f"Orchestrall: {current_tenant().name}",
        version=settings.SPECTACULAR_SETTINGS["VERSION"],
    )
    return info.model_dump(mode="json", by_alias=True, exclude_none=True)
