"""What wraps the tenants' data keys: the installation's own master key, or a key management service.

Data keys are all that a master key ever sees. So to change it is to wrap a few bytes for each tenant anew, and a
service is asked once for each tenant and process, never for a row.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from typing import Protocol, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.module_loading import import_string

from apps.tenants.sealing import KEY_BYTES, NONCE, SealBroken

_MAKE_ONE = "must be 32 bytes in base64: make one with `openssl rand -base64 32`."


class KeyWrapper(Protocol):
    """A master key, wherever it lives. `ORCHESTRALL_KEY_WRAPPER` names a class like this, made without arguments.

    `context` is text that authenticates whose key it is; a service takes it as its encryption context. Either call
    raises `KeysUnavailable` while the service does not answer.
    """

    @property
    def current(self) -> str:
        """The name of the master key that wraps now."""

    def wrap(self, key: bytes, *, context: str) -> bytes:
        """`key` as only the current master key opens it."""

    def unwrap(self, wrapped: bytes, *, master: str, context: str) -> bytes:
        """What was wrapped by the master key of that name. Raises `SealBroken` where it does not open."""


class LocalKeys:
    """Master keys of our own: one that wraps, and former ones that still open."""

    def __init__(self, current: bytes, former: Sequence[bytes] = ()) -> None:
        self._keys = {name_of(key): key for key in (current, *former)}
        self._current = name_of(current)

    def __contains__(self, master: str) -> bool:
        return master in self._keys

    @property
    def current(self) -> str:
        return self._current

    def wrap(self, key: bytes, *, context: str) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self._keys[self._current]).encrypt(nonce, key, context.encode())

    def unwrap(self, wrapped: bytes, *, master: str, context: str) -> bytes:
        if master not in self._keys:
            raise SealBroken(
                f"A data key is wrapped by the master key {master}, which this process was not given.",
                remedy="Put that key into ORCHESTRALL_FORMER_MASTER_KEYS until `manage.py keys rotate` has been run.",
            )
        return self._open(master, wrapped, context)

    def open_legacy(self, sealed: bytes, *, context: str) -> bytes:
        """A secret from before tenants had data keys, sealed with a master key itself. Raises `SealBroken`."""
        for master in self._keys:
            try:
                return self._open(master, sealed, context)
            except SealBroken:
                continue
        raise SealBroken

    def _open(self, master: str, sealed: bytes, context: str) -> bytes:
        try:
            return AESGCM(self._keys[master]).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken from None


def name_of(key: bytes) -> str:
    """A name for a master key that tells nothing of it."""
    return hashlib.sha256(b"orchestrall master key\x00" + key).hexdigest()[:12]


def wrapper() -> KeyWrapper:
    """What wraps new data keys. Raises `ValueError` with what to do where it is not set up."""
    if settings.KEY_WRAPPER:
        try:
            return cast(KeyWrapper, import_string(settings.KEY_WRAPPER)())
        except ImportError as error:
            raise ValueError(f"ORCHESTRALL_KEY_WRAPPER is {settings.KEY_WRAPPER!r}: {error}.") from error
    return local_keys()


def opener(master: str) -> KeyWrapper:
    """What opens a key that `master` wrapped: a local key where it is one of them, for one may move to a service."""
    if settings.KEY_WRAPPER and not (settings.MASTER_KEY and master in local_keys()):
        return wrapper()
    return local_keys()


def local_keys() -> LocalKeys:
    """The master keys in the settings. Raises `ValueError` with what to do where one is none."""
    former = [_parsed("A key in ORCHESTRALL_FORMER_MASTER_KEYS", text) for text in settings.FORMER_MASTER_KEYS]
    return LocalKeys(_parsed("ORCHESTRALL_MASTER_KEY", settings.MASTER_KEY), former)


def _parsed(what: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{what} {_MAKE_ONE}")
    return key
