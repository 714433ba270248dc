"""Recovery codes: shown once, in the answer to what made them, and stored as hashes alone.

The library keeps a seed that every code can be computed from again. Here a row that is about to be stored is given
hashes in the seed's place. A code has ten digits, which is little for whoever has the hashes: so they are made slowly
(Argon2id with the least cost that OWASP's cheat sheet on storing passwords names), with a salt for each set, and lie
sealed for their owner. The salt is the set's and not the code's, so that looking at a code costs one hash and not ten.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from argon2.low_level import Type, hash_secret_raw

from apps.accounts.factors.adapter import sealed_for

COUNT: Final = 10
DIGITS: Final = 10
HASHES: Final = "hashes"
"""Where they are in the row. A row from before has ``seed`` instead, until one of its codes is used."""


@dataclass(frozen=True)
class _Kept:
    """What is sealed in a row: with what the hashes were made, and those of the codes that are left."""

    salt: str
    passes: int
    kibibytes: int
    hashes: list[str]

    def hash(self, code: str) -> str:
        return hash_secret_raw(
            code.encode(),
            bytes.fromhex(self.salt),
            time_cost=self.passes,
            memory_cost=self.kibibytes,
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        ).hex()


def codes_make(factor: Authenticator) -> list[str]:
    """Fresh codes, whose hashes are all that the row is given of them; the caller saves it."""
    codes = [f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for _ in range(COUNT)]
    _keep(factor, codes)
    return codes


def codes_left(factor: Authenticator) -> int:
    """How many are good still."""
    return len(_kept(factor).hashes if HASHES in factor.data else factor.wrap().get_unused_codes())


def recovery_code_take(factor: Authenticator, typed: str) -> bool:
    """Whether this is one of the codes that are left, which is spent by that. The caller has locked the row."""
    if HASHES not in factor.data:
        return _taken_by_seed(factor, typed)
    code = normalize_user_code(typed)
    if len(code) != DIGITS:  # of an app, as a rule: it is not worth the time of a hash
        return False
    kept = _kept(factor)
    given = kept.hash(code)
    left = [each for each in kept.hashes if not secrets.compare_digest(each, given)]
    if len(left) == len(kept.hashes):
        return False
    _store(factor, _Kept(kept.salt, kept.passes, kept.kibibytes, left))
    factor.save(update_fields=["data"])
    return True


def _taken_by_seed(factor: Authenticator, typed: str) -> bool:
    """The same for codes from before they were hashed: with the first that is used, those that are left are."""
    of_seed = factor.wrap()
    if not of_seed.validate_code(typed):
        return False
    _keep(factor, of_seed.get_unused_codes())
    factor.save(update_fields=["data"])
    return True


def _keep(factor: Authenticator, codes: list[str]) -> None:
    fresh = _Kept(salt=secrets.token_hex(16), passes=2, kibibytes=19 * 1024, hashes=[])
    _store(factor, _Kept(fresh.salt, fresh.passes, fresh.kibibytes, [fresh.hash(code) for code in codes]))


def _store(factor: Authenticator, kept: _Kept) -> None:
    factor.data = {HASHES: sealed_for(factor.user_id, json.dumps(asdict(kept)))}


def _kept(factor: Authenticator) -> _Kept:
    return _Kept(**json.loads(decrypt(factor.data[HASHES])))
