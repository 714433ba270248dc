"""Check digits of numbers that belong to people. Each takes the number without its gaps, in the form that it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final


def luhn_holds(digits: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[::-2]) + sum(doubled)) % 10 == 0


def mod_97_holds(iban: str) -> bool:
    """The check digits of an international bank account number (ISO 13616, ISO 7064)."""
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def mod_11_holds(digits: str) -> bool:
    """The check digit of a patient's number in the United Kingdom (NHS Data Dictionary, NHS NUMBER)."""
    check = 11 - _weighed(digits, range(10, 1, -1)) % 11
    return check % 11 == int(digits[9]) and check != 10


def mod_11_10_holds(digits: str) -> bool:
    """The last digit of a number with the hybrid system MOD 11,10 (ISO/IEC 7064, clause 8)."""
    product = 10
    for digit in digits[:-1]:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(digits[-1])


def mod_11_2_holds(number: str) -> bool:
    """The last character, of 0 to 9 and X, of a number with the pure system MOD 11-2 (ISO/IEC 7064, clause 7)."""
    remainder = 0
    for digit in number[:-1]:
        remainder = (remainder + int(digit)) * 2 % 11
    return "0123456789X"[(12 - remainder) % 11] == number[-1].upper()


# The multiplication of the dihedral group of order ten, and the permutation that a place applies.
_TIMES: Final = (
    *("0123456789", "1234067895", "2340178956", "3401289567", "4012395678"),
    *("5987604321", "6598710432", "7659821043", "8765932104", "9876543210"),
)
_PERMUTED: Final = "1576283094"


def verhoeff_holds(digits: str) -> bool:
    """The check digit of Aadhaar numbers (J. Verhoeff, Error Detecting Decimal Codes, 1969; UIDAI)."""
    check = 0
    for place, letter in enumerate(reversed(digits)):
        digit = int(letter)
        for _ in range(place % 8):
            digit = int(_PERMUTED[digit])
        check = int(_TIMES[check][digit])
    return check == 0


def tax_id_of_germany_holds(digits: str) -> bool:
    """The Steueridentifikationsnummer: of its first ten digits one stands twice or three times, and no other more than
    once (§ 139b AO, § 1 StIdV); MOD 11,10."""
    first = digits[:10]
    often = [first.count(each) for each in set(first) if first.count(each) > 1]
    return digits[0] != "0" and len(often) == 1 and often[0] <= 3 and mod_11_10_holds(digits)


def nir_holds(number: str) -> bool:
    """The key of a French social security number: 97 less the rest modulo 97; Corsica is 19 and 18 (INSEE, NIR)."""
    body = number[:13].upper().replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def dni_holds(number: str) -> bool:
    """The letter of a Spanish DNI, or NIE with X, Y, Z for 0, 1, 2 (Real Decreto 1553/2005; Orden INT/2058/2008)."""
    body = number[:-1].upper()
    body = str("XYZ".index(body[0])) + body[1:] if body[0] in "XYZ" else body
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23] == number[-1].upper()


_ODD_OF_ITALY: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def codice_fiscale_holds(number: str) -> bool:
    """The last letter of an Italian codice fiscale (D.M. 23 December 1976, article 12)."""
    places = [int(each) if each.isdigit() else ord(each) - ord("A") for each in number[:15].upper()]
    total = sum(_ODD_OF_ITALY[each] for each in places[::2]) + sum(places[1::2])
    return chr(ord("A") + total % 26) == number[15].upper()


def bsn_holds(digits: str) -> bool:
    """The test by eleven of a Dutch citizen service number (Logisch Ontwerp BSN)."""
    return int(digits) > 0 and _weighed(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def pesel_holds(digits: str) -> bool:
    """The last digit of a Polish PESEL (Act on population registration of 24 September 2010, article 15)."""
    return _weighed(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def personnummer_holds(digits: str) -> bool:
    """The last digit of a Swedish personnummer: Luhn over its last ten (Skatteverket, SKV 704)."""
    return luhn_holds(digits[-10:])


def hetu_holds(number: str) -> bool:
    """The last character of a Finnish personal identity code, without the sign or with the letter of its century: the
    digits modulo 31 (Digital and Population Data Services Agency)."""
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number[:6] + number[-4:-1]) % 31] == number[-1].upper()


def number_of_norway_holds(digits: str) -> bool:
    """Both control digits of a Norwegian fødselsnummer (Skatteetaten; E. S. Selmer, 1967)."""
    first = _weighed(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    return first == 0 and _weighed(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def number_of_belgium_holds(digits: str) -> bool:
    """97 less the rest of the first nine digits modulo 97, with a 2 before them from 2000 on (royal decree of 3 April
    1984)."""
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def ahv_holds(digits: str) -> bool:
    """The last digit of a Swiss social insurance number: that of an EAN-13 (Federal Social Insurance Office)."""
    return _weighed(digits, (1, 3) * 6 + (1,)) % 10 == 0


def cpf_holds(digits: str) -> bool:
    """Both check digits of a Brazilian CPF (Receita Federal, Instrução Normativa 1548/2015)."""
    if len(set(digits)) == 1:
        return False
    return all(
        _weighed(digits[:length], range(length + 1, 1, -1)) * 10 % 11 % 10 == int(digits[length]) for length in (9, 10)
    )


def number_of_turkey_holds(digits: str) -> bool:
    """The last two digits of a Turkish identity number (General Directorate of Civil Registration)."""
    odd, even = _weighed(digits[0:9:2], [1] * 5), _weighed(digits[1:8:2], [1] * 4)
    return (7 * odd - even) % 10 == int(digits[9]) and _weighed(digits[:10], [1] * 10) % 10 == int(digits[10])


def npi_holds(digits: str) -> bool:
    """The check digit of a provider of care in the United States: Luhn with 80840 before it (45 CFR 162.406; CMS)."""
    return luhn_holds("80840" + digits)


def _weighed(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
