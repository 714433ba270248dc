"""What in a text must not be kept where anybody may read it: credentials, and numbers and addresses of people.

Recognised by form, not by knowledge: marks and labels of credentials, and the check digits of numbers, so that an
ordinary number stays. A name or a street cannot be told from other words: whoever writes a line leaves those out.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final
from urllib.parse import unquote

REDACTED: Final = "[redacted]"

_SHORTEST: Final = 8
"""No secret that we could recognise is shorter."""
_GAP = r"(?:[ \u00a0+-]|%20)?"
"""What may stand between the digits of a number, written for people or for an address."""

_BEGIN = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""No part of a longer word. The letter of an escaped line break is none: texts are quoted in other texts."""

# By marks that their makers gave them. All are long: words that only begin alike stay.
_MARKED = re.compile(
    rf"{_BEGIN}(?:"
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
)
_MARKS = (
    *("ork_", "orr_", "ort_", "eyj", "akia", "asia", "agpa", "aida", "aroa", "anpa", "ghp_", "gho_", "ghu_", "ghs_"),
    *("ghr_", "github_pat_", "glpat-", "k_live_", "k_test_", "whsec_", "sk-", "xox", "aiza", "ya29.", "npm_", "pypi-"),
    *("hf_", "sg.", "shp", "dop_v1_", "age-secret-key-"),
)
_ONE_VALUE = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\+["'].*?\\+["']|(?:[^\s,;&"'})\]\\]|\\(?![nrt]))+)"""
_VALUE = rf"{_ONE_VALUE}(?:\s*(?:=>|[:=])\s*{_ONE_VALUE})*"
"""With what is said of it in turn: a label may be the value of another."""
_LABELLED = re.compile(
    r"((?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key"
    r"|signing[_-]?key|master[_-]?key|encryption[_-]?key|credentials?|signature|session[_-]?(?:id|key)|csrf|__Host-"
    rf"|{_BEGIN}(?:cvv2?|cvc2?|pin|otp|pan|iban|ssn|mrn|dob)\b)"
    rf"""[\w-]*\\*["']?\]?\s*(?:=>|[:=])\s*){_VALUE}""",
    re.I,
)
_LABELS = (
    *("passw", "passphrase", "pwd", "secret", "token", "key", "credential", "signature", "session", "csrf", "__host-"),
    *("cvv", "cvc", "pin", "otp", "pan", "iban", "ssn", "mrn", "dob"),
)
_HEADER = re.compile(
    r"""((?:set-)?(?:cookie|(?:proxy-)?authorization)\\*["']?\s*[:=]\s*)("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\n"']+)""",
    re.I,
)
_SCHEME = re.compile(rf"({_BEGIN}(?:bearer|basic|digest)(?:\s|%20|\+)+){_VALUE}", re.I)
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
# Numbers of patients have no form that all share, so the label tells: a word of at least four digits after it.
_PATIENT = re.compile(
    rf"({_BEGIN}"
    r"""(?:mrn|ssn|nhs|chi|patient|medical[ _-]record|social[ _-]security)(?:[ _-]?(?:id|no|number|nr))?\b"""
    r"""[.]?\\*["']?[\s+]*(?:=>|[:=#])?[\s+]*\\*["']?#?)(?!""" + _UUID + r""")(?=[\w-]*\d{4})[\w-]+""",
    re.I,
)
_PATIENTS = ("mrn", "ssn", "nhs", "chi", "patient", "medical", "social")

Rule = tuple[tuple[str, ...], re.Pattern[str], str]
"""What a text must hold somewhere, in small letters; what is looked for then; what stands there afterwards."""
_ENCODED = re.compile(r"%[2-7][0-9A-Fa-f]")
# Most lines hold nothing of the kind, so each group of rules stands behind a question that costs next to nothing.
_OF_LONG_WORDS: Final[list[Rule]] = [(_MARKS, _MARKED, REDACTED)]
_LONG_WORD = re.compile(r"[\w.-]{16}")
_OF_LABELS: Final[list[Rule]] = [
    (("cookie", "authorization"), _HEADER, rf"\1{REDACTED}"),
    (_LABELS, _LABELLED, rf"\1{REDACTED}"),
]
_RULES: Final[list[Rule]] = [
    (
        ("private key",),
        re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)", re.S),
        REDACTED,
    ),
    (("://",), re.compile(r"""(?<=://)[^\s/?#"'<>@]+(?:@[^\s/?#"'<>@]+)*(?=@)"""), REDACTED),
    (("reset/key/",), re.compile(r"(?<=reset/key/)[\w-]+"), REDACTED),
    # What stands in a query or after a `#` is whoever wrote the address's: nobody knows what it is.
    (("=",), re.compile(r"""(?<=[?#])[\w.%\[\]~+-]+=[^\s"'<>]*"""), REDACTED),
    (("sgirequest",), re.compile(r"(?<=SGIRequest: )(\w+) (?:'[^'\n]*'|\"[^\"\n]*\")"), rf"\1 {REDACTED}"),
    (("bearer", "basic", "digest"), _SCHEME, rf"\1{REDACTED}"),
    # PostgreSQL tells the values of rows in these parts of its errors.
    (
        ("detail:", "context:", "line ", "statement:", "parameters:"),
        re.compile(r"\b(DETAIL:|CONTEXT:|STATEMENT:|PARAMETERS:|LINE \d+:)[^\n]*"),
        rf"\1 {REDACTED}",
    ),
    (("failing row", "key ("), re.compile(r"(row contains |Key \([^)\n]*\)=)\([^\n]*"), rf"\1{REDACTED}"),
    (
        ("invalid input", "out of range", "malformed", "invalid value", "invalid byte"),
        re.compile(r"((?:invalid|malformed|range)[^:\n\"]*: ?|value )\"[^\"\n]*\""),
        rf'\1"{REDACTED}"',
    ),
    (("input_value=",), re.compile(r"(?<=input_value=).*?(?=, input_type=|\Z)", re.S), REDACTED),  # pydantic
    (
        ("@", "%40"),
        re.compile(r"[A-Za-z0-9._%+-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"),
        REDACTED,
    ),
]
_OF_PATIENTS: Final[list[Rule]] = [(_PATIENTS, _PATIENT, rf"\1{REDACTED}")]
_FEWEST_OF_PATIENT, _FEWEST_DIGITS = 4, 9
"""Digits in the shortest number of a patient that a label tells, and in the shortest that its form tells."""
# Names of fields whose values are not shown, whatever they look like.
_SECRET_NAME = re.compile(
    r"authorization|cookie|passw|passwd|pwd|passphrase|secret|token|credential|session|csrf|private|signature|apikey"
    r"|(?:access|account|api|master|signing|encryption)[_-]?key|(?:^|[_\-. ])key$"
    r"|(?:^|[_\-. ])(?:e[_-]?mail|phone|iban|pan|cvv2?|cvc2?|pin|otp|ssn|mrn|nhs|dob|dsn|ticket|card|patient)"
    r"(?:[_\-. ]?(?:id|no|nr|number))?$",
    re.I,
)

_CREDENTIAL_NAME = re.compile(
    r"authorization|cookie|passw|passwd|pwd|passphrase|secret|token|credential|apikey"
    r"|(?:access|api|master|private|signing|encryption)[_-]?key",
    re.I,
)


@lru_cache(maxsize=1024)
def is_credential_name(name: str) -> bool:
    """Whether a field of this name holds what opens something: not shown even to who may see the data beside it."""
    return _CREDENTIAL_NAME.search(name) is not None


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds what must not be shown."""
    return _SECRET_NAME.search(name) is not None


def redacted(text: str) -> str:
    """`text` with `REDACTED` in place of what must not be kept. The same text where there is nothing of the kind."""
    if len(text) < _SHORTEST:
        return text
    text = _redacted(text)
    if "%" in text and _ENCODED.search(text):
        # Labels and gaps are not seen through the encoding of addresses and forms.
        plain = unquote(text)
        if (clean := _redacted(plain)) != plain:
            return clean
    return text


def _redacted(text: str) -> str:
    text = _by_rules(_RULES, text)
    if _LONG_WORD.search(text):
        text = _by_rules(_OF_LONG_WORDS, text)
    if "=" in text or ":" in text:
        text = _by_rules(_OF_LABELS, text)
    digits = sum(map(text.count, "0123456789"))
    if digits >= _FEWEST_OF_PATIENT:
        text = _by_rules(_OF_PATIENTS, text)
    return text if digits < _FEWEST_DIGITS else _NUMBER.sub(_without_numbers, _without_ibans(text))


def _by_rules(rules: list[Rule], text: str) -> str:
    small = text.lower()
    for hints, pattern, replacement in rules:
        for hint in hints:
            if hint in small:
                text = pattern.sub(replacement, text)
                break
    return text


# Numbers with check digits

# A UUID is taken first, and kept: its groups may be digits alone. Not within words, nor behind a decimal point.
_NUMBER = re.compile(
    rf"(?<![0-9A-Fa-f]){_UUID}"
    rf"|{_BEGIN}(?<!\d[.,])\d(?:{_GAP}\d){{8,}}(?![A-Za-z0-9])(?!\.\d)"
)
_GROUP = re.compile(r"\d+")
# Ranges that are in use by issuers of cards, so that one number in ten does not look like one.
_CARD = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Visa, Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"  # American Express, Diners, JCB
    r"|6(?:011|22\d|4[4-9]\d|5\d\d)\d{12}(?:\d{3})?|62\d{14,17}|(?:50|5[6-9]|6\d)\d{14}"  # Discover, UnionPay, Maestro
)
# England and Wales, Northern Ireland, test numbers; Scotland's begin with a day of birth. From the 16th to the 20th of
# a month they look like a clock of 2020 to 2036, and are known by their label alone.
_NHS = re.compile(r"(?:4\d|6\d|70|3[2-9]|9\d)\d{8}|(?:0[1-9]|1[0-5]|2[1-9]|3[01])(?:0[1-9]|1[0-2])\d{6}")
_SSN = re.compile(r"(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}")


def luhn_holds(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[::-2]) + sum(doubled)) % 10 == 0


def mod_97_holds(iban: str) -> bool:
    """The check digits of an international bank account number (ISO 13616, ISO 7064)."""
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def mod_11_holds(digits: str) -> bool:
    """The check digit of a patient's number in the United Kingdom (NHS Data Dictionary, NHS NUMBER)."""
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(digits[9]) and check != 10


def _is_of_a_person(groups: list[str]) -> bool:
    """Whether these groups of digits are a number that belongs to one person."""
    digits, sizes = "".join(groups), [len(group) for group in groups]
    if len(digits) >= 14 and min(sizes) >= 3:
        return _CARD.fullmatch(digits) is not None and luhn_holds(digits)
    if sizes in ([10], [3, 3, 4], [6, 4]):
        return _NHS.fullmatch(digits) is not None and mod_11_holds(digits)
    return sizes == [3, 2, 4] and _SSN.fullmatch(digits) is not None


def _without_numbers(found: re.Match[str]) -> str:
    """A run of digits and gaps without the numbers of people in it: other figures may stand before and behind them."""
    text = found[0]
    if "-" in text and text[8:9] == "-" and len(text) == 36:
        return text
    groups = list(_GROUP.finditer(text.replace("%20", "   ")))
    parts, done, first = [], 0, 0
    while first < len(groups):
        for last in range(min(first + 5, len(groups)), first, -1):
            if _is_of_a_person([group[0] for group in groups[first:last]]):
                parts += [text[done : groups[first].start()], REDACTED]
                done, first = groups[last - 1].end(), last - 1
                break
        first += 1
    return "".join(parts) + text[done:]


# Lengths of the numbers of each country (SWIFT, IBAN Registry).
_REGISTRY = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
_IBAN_LENGTHS: Final = {land: int(length) for land, length in re.findall(r"([A-Z]{2})(\d\d)", _REGISTRY)}
_IBAN = re.compile(rf"{_BEGIN}([A-Za-z]{{2}})\d\d(?={_GAP}[A-Za-z0-9])")


@cache
def _rest_of_iban(length: int) -> re.Pattern[str]:
    """What follows the first four: groups of four, and what is left."""
    groups, left = divmod(length - 4, 4)
    end = rf"{_GAP}[A-Za-z0-9]{{{left}}}" if left else ""
    return re.compile(rf"(?:{_GAP}[A-Za-z0-9]{{4}}){{{groups}}}{end}(?![A-Za-z0-9])")


_WHOLE_UUID = re.compile(rf"(?<![0-9A-Fa-f]){_UUID}")


def _without_ibans(text: str) -> str:
    parts, done = [], 0
    ids = [found.span() for found in _WHOLE_UUID.finditer(text)]
    for start in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(start[1].upper())
        if length is None or start.start() < done:
            continue
        if any(first <= start.start() < last for first, last in ids):
            continue  # one id in some ten thousand ends like an account of Belgium or Bahrain, check digits included
        rest = _rest_of_iban(length).match(text, start.end())
        if rest is not None and mod_97_holds(re.sub(_GAP, "", start[0] + rest[0])):
            parts += [text[done : start.start()], REDACTED]
            done = rest.end()
    return "".join(parts) + text[done:]
