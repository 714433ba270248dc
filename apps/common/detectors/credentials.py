"""Credentials, by the marks that their makers gave them, by labels, and by their place."""

from __future__ import annotations

import re
from typing import Final

from apps.common.detectors._forms import BEGIN, UUID, Kind, Rule

MARKED: Final = Rule(
    (
        *(
            "ork_",
            "orr_",
            "ort_",
            "eyj",
            "akia",
            "asia",
            "agpa",
            "aida",
            "aroa",
            "anpa",
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
        ),
        *("ghr_", "github_pat_", "glpat-", "k_live_", "k_test_", "whsec_", "sk-", "xox", "aiza", "ya29.", "npm_"),
        *("pypi-", "hf_", "sg.", "shp", "dop_v1_", "age-secret-key-"),
    ),
    # All are long: words that only begin alike stay.
    re.compile(
        rf"{BEGIN}(?:"
        r"ork_[0-9a-f]{8}_[\w-]{20,}|or[rt]_[\w-]{20,}"  # API keys, refresh tokens and tickets of our own
        r"|eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)*"  # JSON web tokens
        r"|(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[0-9A-Z]{16}"  # Amazon
        r"|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{15,}"
        r"|[spr]k_(?:live|test)_\w{10,}|whsec_[\w+/=-]{16,}"  # Stripe, Standard Webhooks
        r"|sk-[\w-]{16,}"  # OpenAI, Anthropic
        r"|xox[a-z]-[\w-]{10,}|AIza[\w-]{30,}|ya29\.[\w-]{20,}"  # Slack, Google
        r"|npm_\w{30,}|pypi-[\w-]{16,}|hf_\w{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|shp[a-z]{2}_\w{20,}|dop_v1_\w{32,}"
        r"|AGE-SECRET-KEY-1\w{20,}"
        r")",
        re.I,
    ),
    Kind.CREDENTIAL,
)
LONG_WORD: Final = re.compile(r"[\w.-]{16}")
"""Whatever has a mark is in one."""

_ONE_VALUE = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\+["'].*?\\+["']|(?:[^\s,;&"'})\]\\]|\\(?![nrt]))+)"""
_VALUE = rf"{_ONE_VALUE}(?:\s*(?:=>|[:=])\s*{_ONE_VALUE})*"
"""With what is said of it in turn: a label may be the value of another."""
LABELLED: Final = Rule(
    (
        *("passw", "passphrase", "pwd", "secret", "token", "key", "credential", "signature", "session", "csrf"),
        *("__host-", "cvv", "cvc", "pin", "otp", "pan", "iban", "ssn", "mrn", "dob"),
    ),
    re.compile(
        r"((?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key"
        r"|private[_-]?key|signing[_-]?key|master[_-]?key|encryption[_-]?key|credentials?|signature"
        rf"|session[_-]?(?:id|key)|csrf|__Host-|{BEGIN}(?:cvv2?|cvc2?|pin|otp|pan|iban|ssn|mrn|dob)\b)"
        rf"""[\w-]{{0,40}}\\*["']?\]?\s*(?:=>|[:=])\s*){_VALUE}""",
        re.I,
    ),
    Kind.CREDENTIAL,
)
HEADER: Final = Rule(
    ("cookie", "authorization"),
    re.compile(
        r"""((?:set-)?(?:cookie|(?:proxy-)?authorization)\\*["']?\s*[:=]\s*)"""
        r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\n"']+)""",
        re.I,
    ),
    Kind.CREDENTIAL,
)
SCHEME: Final = Rule(
    ("bearer", "basic", "digest"),
    re.compile(rf"({BEGIN}(?:bearer|basic|digest)(?:\s|%20|\+)+){_VALUE}", re.I),
    Kind.CREDENTIAL,
)
PRIVATE_KEY: Final = Rule(
    ("private key",),
    re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)", re.S),
    Kind.CREDENTIAL,
)
USERINFO: Final = Rule(
    ("://",),
    re.compile(r"""(?<=://)[^\s/?#"'<>@]+(?:@[^\s/?#"'<>@]+)*(?=@)"""),
    Kind.CREDENTIAL,
)
RESET_LINK: Final = Rule(("reset/key/",), re.compile(r"(?<=reset/key/)[\w-]+"), Kind.CREDENTIAL)
# Numbers of patients have no form that all share, so the label tells: a word of at least four digits after it.
# What is between is given back nowhere, and digits are looked for nearby: else a long gap takes time by its square.
PATIENT: Final = Rule(
    ("mrn", "ssn", "nhs", "chi", "patient", "medical", "social"),
    re.compile(
        rf"({BEGIN}"
        r"""(?:mrn|ssn|nhs|chi|patient|medical[ _-]record|social[ _-]security)(?:[ _-]?(?:id|no|number|nr))?\b"""
        rf"""[.]?\\*+["']?[\s+]*+(?:=>|[:=#])?[\s+]*+\\*+["']?#?)(?!{UUID})(?=[\w-]{{0,64}}\d{{4}})[\w-]+""",
        re.I,
    ),
    Kind.PATIENT_ID,
)
