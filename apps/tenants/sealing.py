"""How values are sealed: AES-256-GCM under a tenant's data key, bound to the place that they belong to.

Each purpose (a column, the signing key) has a key of its own, derived from the data key by HKDF-SHA256 (RFC 5869), and
each value a random 96-bit nonce: NIST SP 800-38D allows 2^32 values under one key, so as many in a column of a tenant.
"""

from __future__ import annotations

import secrets
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from apps.common.errors import Problem, Unavailable

KEY_BYTES = 32
NONCE = 12
TAG = 16


class SealBroken(Problem):
    """A sealed value does not open. What it holds, and what was tried, is never told."""

    code, status, title = "seal_broken", 500, "A stored value does not open"
    cause = (
        "What is stored is encrypted and bound to its place. This piece was changed, cut off, moved from another row "
        "or organisation, or sealed with another key."
    )
    effect = "Nothing of it was shown, and nothing was changed."
    remedy = "Tell whoever runs the installation: `manage.py keys status` says which keys are there. Else use a backup."


class KeyGone(Problem):
    """The tenant's data key is not in the key store: it was deleted, and with it everything that it sealed."""

    code, status, title = "key_gone", 410, "The key to this organisation's data was deleted"
    cause = "The data of this organisation was erased by deleting its key, or its key is not in the key store."
    effect = "Nothing was shown, and nothing was stored."
    remedy = "If it was not to be erased, ask whoever runs the installation for a backup of the key store, soon."


class KeysUnavailable(Unavailable):
    """The key store or the key management service cannot be asked now; nothing is wrong with the data."""

    code, status, title = "keys_unavailable", 503, "The key store does not answer"
    cause = "The keys that the data is encrypted with could not be read or opened."
    effect = "Nothing was shown, and nothing was stored."
    remedy = "Try again in a minute. Whoever runs the installation sees the cause in `manage.py keys status`."


class DataKey:
    """A tenant's key, held in memory for as long as it is used. It shows itself nowhere and cannot be pickled."""

    __slots__ = ("_ciphers", "_secret", "id")

    def __init__(self, id: str, secret: bytes) -> None:
        self.id = id
        self._secret = secret
        self._ciphers: dict[str, AESGCM] = {}

    def __repr__(self) -> str:
        return f"<DataKey {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A data key stays in the memory of its process.")

    def seal(self, plain: bytes, *, purpose: str, context: str) -> bytes:
        """A nonce and the ciphertext of `plain`, which opens for the same purpose and context only."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher(purpose).encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, *, purpose: str, context: str) -> bytes:
        """What `seal` was given. Raises `SealBroken`."""
        try:
            return self._cipher(purpose).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken from None

    def derive(self, purpose: str, *, salt: bytes = b"", length: int = KEY_BYTES) -> bytes:
        """Bytes that only the holder of the key can make again."""
        return HKDF(SHA256(), length, salt or None, purpose.encode()).derive(self._secret)

    def _cipher(self, purpose: str) -> AESGCM:
        if purpose not in self._ciphers:
            self._ciphers[purpose] = AESGCM(self.derive(purpose))
        return self._ciphers[purpose]
