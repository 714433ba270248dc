"""Files sealed in chunks, so that any part of one can be read and none of it can be changed, moved or cut off unseen.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015, https://eprint.iacr.org/2015/189): the nonce of a chunk holds its number and whether it
is the last. Key and nonce prefix are a file's own, derived from the data key and a random salt.

    header   5 bytes `ORKF` and the version, 16 bytes of salt
    chunk    `CHUNK` bytes sealed by AES-256-GCM, 16 bytes longer each; the last one may be shorter
    nonce    7 bytes of prefix, 4 of the chunk's number, 1 that is 1 in the last chunk
"""

from __future__ import annotations

import errno
import io
import os
import secrets
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from apps.tenants.sealing import KEY_BYTES, TAG, DataKey, SealBroken

MAGIC = b"ORKF\x01"
CHUNK = 256 * 1024
_SALT, _PREFIX = 16, 7
HEADER = len(MAGIC) + _SALT


class _Chunks:
    """Seals and opens the chunks of one file."""

    def __init__(self, key: DataKey, salt: bytes, context: str) -> None:
        secret = key.derive("file", salt=salt, length=KEY_BYTES + _PREFIX)
        self._cipher, self._prefix = AESGCM(secret[:KEY_BYTES]), secret[KEY_BYTES:]
        self._context = context.encode()

    def seal(self, number: int, plain: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(number, last), plain, self._context)

    def open(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(number, last), sealed, self._context)
        except (InvalidTag, ValueError):
            raise SealBroken from None

    def _nonce(self, number: int, last: bool) -> bytes:
        return self._prefix + number.to_bytes(4, "big") + bytes([last])


def seal(source: BinaryIO, target: BinaryIO, *, key: DataKey, context: str) -> None:
    """Write what can be read from `source` to `target`, so that only the same key and context open it."""
    salt = secrets.token_bytes(_SALT)
    chunks = _Chunks(key, salt, context)
    target.write(MAGIC + salt)
    number, plain = 0, source.read(CHUNK)
    while following := source.read(CHUNK):
        target.write(chunks.seal(number, plain, last=False))
        number, plain = number + 1, following
    target.write(chunks.seal(number, plain, last=True))


def is_sealed(path: Path) -> bool:
    """Whether the file begins as `seal` begins one."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class SealedReader(io.RawIOBase):
    """What was sealed into a file, to be read from any place; a chunk at a time is in memory.

    Opening it verifies the last chunk, so that a file which was cut off is refused before anything of it is used, and
    reading verifies each chunk that is read. Both raise `SealBroken`.
    """

    def __init__(self, path: Path, *, key: DataKey, context: str) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        try:
            self._begin(key, context)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, key: DataKey, context: str) -> None:
        header = self._file.read(HEADER)
        if len(header) != HEADER or not header.startswith(MAGIC):
            raise SealBroken
        self._chunks = _Chunks(key, header[len(MAGIC) :], context)
        sealed = os.fstat(self._file.fileno()).st_size - HEADER
        self._count = -(-sealed // (CHUNK + TAG))
        if sealed < TAG or sealed - (self._count - 1) * (CHUNK + TAG) < TAG:
            raise SealBroken
        self._size, self._place = sealed - self._count * TAG, 0
        self._number, self._plain = -1, b""
        self._open(self._count - 1)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if place < 0:
            raise OSError(errno.EINVAL, "There is nothing before the beginning of a file.")  # as files of the system do
        self._place = place
        return place

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._place < self._size:
            number, offset = divmod(self._place, CHUNK)
            self._open(number)
            piece = self._plain[offset : offset + len(view) - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._place += len(piece)
        return done

    def readall(self) -> bytes:
        rest = bytearray(max(0, self._size - self._place))
        self.readinto(rest)
        return bytes(rest)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _open(self, number: int) -> None:
        """Have the chunk of this number in memory."""
        if number == self._number:
            return
        self._file.seek(HEADER + number * (CHUNK + TAG))
        sealed = self._file.read(CHUNK + TAG) or b""
        self._plain = self._chunks.open(number, sealed, last=number == self._count - 1)
        self._number = number
