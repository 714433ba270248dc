"""Fifty secrets to plant, each new in every run, and the ways to tell whether one of them is in a text.

None is anybody's: they have the forms, marks and check digits of real ones.
"""

from __future__ import annotations

import base64
import json
import random
import string
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from apps.common.detectors.checkdigits import luhn_holds, mod_11_holds, mod_97_holds

_BASE64 = string.ascii_letters + string.digits
_WORD = _BASE64 + "_-"


@dataclass(frozen=True)
class Planted:
    """A secret, as it is written where people and programs write it."""

    name: str
    text: str
    """With the label that it comes with, where its form alone does not tell what it is."""
    core: str
    """What nobody may find again, in none of its spellings."""

    @property
    def spellings(self) -> set[str]:
        bare = self.core.replace(" ", "").replace("-", "")
        every = {
            self.core,
            bare,
            quote(self.core),
            quote(self.core, safe=""),
            quote_plus(self.core),
            json.dumps(self.core)[1:-1],
        }
        return every | {each.lower() for each in every}

    def is_in(self, text: str) -> bool:
        small = text.lower()
        return any(each in text or each in small for each in self.spellings)


def found_in(text: str, secrets: Iterable[Planted]) -> list[str]:
    """The names of the secrets that are in `text`."""
    return [secret.name for secret in secrets if secret.is_in(text)]


def secrets_make(seed: object) -> list[Planted]:
    """The fifty, the same for the same seed."""
    chance = random.Random(str(seed))
    return [make(chance) for make in _MAKERS]


def _word(chance: random.Random, length: int, letters: str = _BASE64) -> str:
    return "".join(chance.choice(letters) for _ in range(length))


def _marked(name: str, mark: str, length: int, letters: str = _BASE64, end: str = "") -> Callable[..., Planted]:
    """One that its maker's mark tells."""

    def make(chance: random.Random) -> Planted:
        core = _word(chance, length, letters)
        return Planted(name, f"{mark}{core}{end}", core)

    return make


def _own(name: str, mark: Callable[[random.Random], str]) -> Callable[..., Planted]:
    def make(chance: random.Random) -> Planted:
        text = mark(chance) + _word(chance, 43, _WORD)
        text += _checksum(text)
        return Planted(name, text, text[-40:])

    return make


def _checksum(text: str) -> str:
    """As our own credentials end: the CRC-32 of what stands before it, in base 62."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[digit] + digits
    return digits


def _labelled(name: str, form: str, length: int, letters: str = _BASE64) -> Callable[..., Planted]:
    """One that the words around it tell; `{}` in `form` is its place."""

    def make(chance: random.Random) -> Planted:
        core = _word(chance, length, letters)
        return Planted(name, form.format(core), core)

    return make


def _json_web_token(chance: random.Random) -> Planted:
    head = base64.urlsafe_b64encode(b'{"alg":"EdDSA","typ":"JWT"}').decode().rstrip("=")
    body, signature = _word(chance, 60, _WORD), _word(chance, 86, _WORD)
    return Planted("JSON web token", f"{head}.eyJ{body}.{signature}", signature)


def _basic(chance: random.Random) -> Planted:
    core = base64.b64encode(f"ana:{_word(chance, 18)}".encode()).decode()
    return Planted("basic credentials", f"Basic {core}", core)


def _pem(kind: str) -> Callable[..., Planted]:
    def make(chance: random.Random) -> Planted:
        lines = [_word(chance, 64) for _ in range(4)]
        text = f"-----BEGIN {kind}PRIVATE KEY-----\n" + "\n".join(lines) + f"\n-----END {kind}PRIVATE KEY-----"
        return Planted(f"{kind}private key", text, lines[2])

    return make


def _card(name: str, begin: str, sizes: tuple[int, ...], gap: str) -> Callable[..., Planted]:
    def make(chance: random.Random) -> Planted:
        digits = begin + _word(chance, sum(sizes) - len(begin) - 1, string.digits)
        digits += next(each for each in string.digits if luhn_holds(digits + each))
        return Planted(name, _grouped(digits, sizes, gap), _grouped(digits, sizes, gap))

    return make


def _iban(country: str, form: str, gap: str = "", small: bool = False) -> Callable[..., Planted]:
    """`form` is the account's: d for a digit, A for a capital letter, other letters stand for themselves."""

    def make(chance: random.Random) -> Planted:
        letters = {"d": string.digits, "A": string.ascii_uppercase}
        account = "".join(chance.choice(letters[each]) for each in form)
        check = next(f"{each:02}" for each in range(2, 99) if mod_97_holds(f"{country}{each:02}{account}"))
        whole = country + check + account
        text = gap.join(whole[place : place + 4] for place in range(0, len(whole), 4))
        text = text.lower() if small else text
        return Planted(f"IBAN of {country}{' with gaps' if gap else ''}", text, text)

    return make


def _health_number(name: str, begin: str, sizes: tuple[int, ...], gap: str) -> Callable[..., Planted]:
    def make(chance: random.Random) -> Planted:
        while True:
            digits = begin + _word(chance, 9 - len(begin), string.digits)
            check = [each for each in string.digits if mod_11_holds(digits + each)]
            if check:
                text = _grouped(digits + check[0], sizes, gap)
                return Planted(name, text, text)

    return make


def _social_security(chance: random.Random) -> Planted:
    text = f"{chance.randint(100, 600)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"
    return Planted("social security number", text.replace("666", "667"), text.replace("666", "667"))


def _grouped(digits: str, sizes: tuple[int, ...], gap: str) -> str:
    parts, place = [], 0
    for size in sizes:
        parts.append(digits[place : place + size])
        place += size
    return gap.join(parts)


_MAKERS: list[Callable[[random.Random], Planted]] = [
    # Of our own
    _own("API key", lambda chance: f"ork_{_word(chance, 8, '0123456789abcdef')}_"),
    _own("refresh token", lambda chance: "orr_"),
    _own("ticket", lambda chance: "ort_"),
    _json_web_token,
    _labelled("session of the console", "sessionid={}", 32),
    _labelled("session in production", "__Host-session={}", 32),
    _labelled("token of a form", "csrfmiddlewaretoken={}", 64),
    _labelled("link that sets a password", "/accounts/password/reset/key/{}/", 48, _BASE64 + "-"),
    _labelled("password", '"password": "{}"', 16),
    _labelled("passphrase", "passphrase={}", 20),
    _labelled("bearer", "Bearer {}", 40),
    _basic,
    _labelled("one-time code", "otp={}", 8, string.digits),
    # Of others
    _marked("Amazon key id", "AKIA", 16, string.ascii_uppercase + "234567"),
    _labelled("Amazon secret", "aws_secret_access_key = {}", 40, _BASE64 + "/+"),
    _marked("GitHub token", "ghp_", 36),
    _marked("GitHub fine-grained token", "github_pat_", 60, _BASE64 + "_"),
    _marked("GitLab token", "glpat-", 20),
    _marked("Stripe key", "sk_live_", 24),
    _marked("Stripe restricted key", "rk_test_", 24),
    _marked("webhook secret", "whsec_", 32),
    _marked("OpenAI key", "sk-proj-", 48),
    _marked("Anthropic key", "sk-ant-api03-", 60, _WORD, "AA"),
    _marked("Slack token", "xoxb-", 40, _BASE64 + "-"),
    _marked("Google key", "AIza", 35, _WORD),
    _marked("npm token", "npm_", 36),
    _marked("PyPI token", "pypi-AgEIcHlwaS5vcmc", 60, _WORD),
    _labelled("Azure storage key", "AccountName=acme;AccountKey={}==;EndpointSuffix=core", 60, _BASE64 + "+/"),
    _pem("RSA "),
    _pem("EC "),
    _pem("OPENSSH "),
    _labelled("PostgreSQL address", "postgresql://orchestrall:{}@db.internal:5432/main", 20),
    _labelled("Redis address", "rediss://:{}@cache.internal:6379/0", 20),
    _labelled("AMQP address", "amqp://worker:{}@queue.internal//", 20),
    _labelled("address with a password", "https://ana:{}@git.example.com/acme/app.git", 20),
    # Of people
    _card("Visa", "4", (16,), ""),
    _card("Visa with gaps", "4", (4, 4, 4, 4), " "),
    _card("Mastercard with dashes", "53", (4, 4, 4, 4), "-"),
    _card("American Express", "37", (4, 6, 5), " "),
    _card("JCB", "3566", (16,), ""),
    _iban("DE", "dddddddddddddddddd"),
    _iban("GB", "AAAAdddddddddddddd", " "),
    _iban("FR", "ddddddddddAdAdddddddddd", " "),
    _iban("NL", "AAAAdddddddddd", small=True),
    _health_number("NHS number", "943", (10,), ""),
    _health_number("NHS number with gaps", "485", (3, 3, 4), " "),
    _health_number("CHI number", "1203", (10,), ""),
    _labelled("medical record", "MRN {}", 9, string.digits),
    _social_security,
    _labelled("address of a person", "{}@mail.example.com", 14, string.ascii_lowercase),
]
