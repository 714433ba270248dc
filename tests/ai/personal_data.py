"""Personal data to plant, new in every run: none is anybody's, and all have the forms and check digits of real ones."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from apps.common.detectors import checkdigits as check
from tests.planted import secrets_make

Chance = random.Random
_FIRST = ("Ana", "Zoltán", "Chidinma", "Bjørn", "Marisol", "Nguyễn", "Saoirse", "Wojciech", "Aylin", "Tadashi")
_LAST = ("Horvat", "Kovács", "Okafor", "Håkansson", "Quintero", "Thị Minh", "O'Sullivan", "Zieliński", "Yılmaz", "Ōno")


@dataclass(frozen=True)
class Item:
    """Something of one person."""

    kind: str
    text: str
    """With the word before it, where its form alone does not tell what it is."""
    core: str
    """What must not leave, in none of its spellings."""

    def is_in(self, text: str) -> bool:
        small, bare = text.lower(), "".join(each for each in self.core if each.isalnum())
        escaped = self.core.encode("ascii", "backslashreplace").decode()
        return any(each.lower() in small for each in (self.core, bare, escaped, self.core.replace("@", "%40")))


def items(seed: object, number: int) -> Iterator[Item]:
    """Items whose form tells what they are, kinds in turn: the same for the same seed."""
    chance = Chance(str(seed))
    credentials = [Item("credential", each.text, each.core) for each in secrets_make(seed) if "\n" not in each.text]
    for place in range(number):
        if place % 4 == 3:
            yield credentials[place // 4 % len(credentials)]
        else:
            yield MAKERS[place % len(MAKERS)](chance)


def person(seed: object) -> dict[str, str | float]:
    """A person, of whom nothing but a schema says that it is personal."""
    chance = Chance(str(seed))
    name = f"{chance.choice(_FIRST)} {chance.choice(_LAST)} {_word(chance, 5).title()}"
    born = f"{chance.randrange(1930, 2010)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    street = f"{_word(chance, 8).title()}gasse {chance.randrange(1, 99)}"
    return {"name": name, "born": born, "street": street, "salary": round(chance.uniform(20_000, 90_000), 2)}


def _word(chance: Chance, length: int, letters: str = string.ascii_lowercase) -> str:
    return "".join(chance.choice(letters) for _ in range(length))


def _digits(chance: Chance, length: int) -> str:
    return _word(chance, length, string.digits)


def _born(chance: Chance) -> tuple[str, str, str]:
    return f"{chance.randrange(50, 100)}", f"{chance.randrange(1, 13):02}", f"{chance.randrange(1, 29):02}"


def _email(chance: Chance) -> Item:
    forms = ["{0}.{1}@{2}.example", "{0}+{1}@mail.{2}.example", "{0}_{1}@{2}.co.example", "{0}@bücher-{2}.example"]
    text = chance.choice(forms).format(_word(chance, 7), _word(chance, 5), _word(chance, 6))
    return Item("email", text, text)


def _phone(chance: Chance) -> Item:
    exchange = f"{chance.randrange(2, 10)}{_digits(chance, 2)}"
    text = chance.choice([
        f"+49 {chance.randrange(151, 180)} {_digits(chance, 7)}",
        f"+1 ({chance.randrange(201, 990)}) {exchange}-{_digits(chance, 4)}",
        f"+44 20 {_digits(chance, 4)} {_digits(chance, 4)}",
        f"+33.6.{'.'.join(_digits(chance, 2) for _ in range(4))}",
        f"({chance.randrange(201, 990)}) {exchange}-{_digits(chance, 4)}",
        f"06 {' '.join(_digits(chance, 2) for _ in range(4))}",
        f"00 48 {chance.randrange(500, 800)} {_digits(chance, 3)} {_digits(chance, 3)}",
    ])  # fmt: skip
    return Item("phone", text, text)


def _number(
    name: str, make: Callable[[Chance], str], holds: Callable[[str], bool], label: str = ""
) -> Callable[[Chance], Item]:
    """One whose check holds, of those that `make` makes."""

    def made(chance: Chance) -> Item:
        while True:
            text = make(chance)
            if holds("".join(each for each in text if each.isalnum())):
                return Item(name, f"{label} {text}" if label else text, text)

    return made


def _sampled(form: str) -> Callable[[Chance], str]:
    """`#` is a digit, `%` one but nought, `?` a letter, YMD and DMY days of birth; others stand for themselves."""

    def make(chance: Chance) -> str:
        text = form.replace("YMD", "".join(_born(chance))).replace("DMY", "".join(_born(chance)[::-1]))
        return "".join(
            chance.choice(string.digits) if each == "#" else chance.choice("123456789") if each == "%" else
            chance.choice("ABCEGHJKLMNPRSTWXYZ") if each == "?" else each
            for each in text
        )  # fmt: skip

    return make


def _belgium(chance: Chance) -> str:
    year, month, day = _born(chance)
    return f"{year}.{month}.{day}-{_digits(chance, 3)}.{_digits(chance, 2)}"


def _china(chance: Chance) -> str:
    area = chance.choice("123456") + _digits(chance, 5)
    return f"{area}19{''.join(_born(chance))}{_digits(chance, 3)}{chance.choice('0123456789X')}"


def _france(chance: Chance) -> str:
    year, month, _ = _born(chance)
    rest = f"{chance.randrange(10, 96)} {_digits(chance, 3)} {_digits(chance, 3)} {_digits(chance, 2)}"
    return f"{chance.choice('12')} {year} {month} {rest}"


def _germany(chance: Chance) -> str:
    return "".join(chance.sample("123456789", 9)) + chance.choice("123456789") + chance.choice(string.digits)


def _italy(chance: Chance) -> str:
    born = f"{_born(chance)[0]}{chance.choice('ABCDEHLMPRST')}{chance.randrange(10, 29)}"
    place = f"{chance.choice('ABFHL')}{_digits(chance, 3)}{chance.choice(string.ascii_uppercase)}"
    return _word(chance, 6, "BCDFGLMNPRST") + born + place


def _ssn(chance: Chance) -> str:
    return f"{chance.randrange(100, 660)}-{chance.randrange(10, 99)}-{chance.randrange(1000, 9999)}"


def _always(number: str) -> bool:
    return True


def _of_canada(digits: str) -> bool:
    return digits[0] != "8" and check.luhn_holds(digits)


def _south_africa(chance: Chance) -> str:
    return f"{''.join(_born(chance))} {_digits(chance, 4)} 08{_digits(chance, 1)}"


MAKERS: tuple[Callable[[Chance], Item], ...] = (
    _email,
    _phone,
    _number("card", _sampled("4### #### #### ####"), check.luhn_holds),
    _number("iban", _sampled("DE## #### #### #### #### ##"), check.mod_97_holds),
    _number("Belgium", _belgium, check.number_of_belgium_holds),
    _number("Brazil", _sampled("###.###.###-##"), check.cpf_holds),
    _number("Canada", _sampled("%##-###-###"), _of_canada),
    _number("China", _china, check.mod_11_2_holds),
    _number("Finland", _sampled("DMY-###?"), check.hetu_holds),
    _number("France", _france, check.nir_holds),
    _number("Germany", _germany, check.tax_id_of_germany_holds),
    _number("India", _sampled("4### #### ####"), check.verhoeff_holds),
    _number("Italy", _italy, check.codice_fiscale_holds),
    _number("Netherlands", _sampled("%########"), check.bsn_holds, "BSN"),
    _number("Norway", _sampled("DMY#####"), check.number_of_norway_holds),
    _number("Poland", _sampled("YMD#####"), check.pesel_holds),
    _number("South Africa", _south_africa, check.luhn_holds),
    _number("Spain", _sampled("########?"), check.dni_holds),
    _number("Spain, of residents", _sampled("X#######?"), check.dni_holds),
    _number("Sweden", _sampled("YMD-####"), check.personnummer_holds),
    _number("Switzerland", _sampled("756.####.####.##"), check.ahv_holds),
    _number("Turkey", _sampled("%#########4"), check.number_of_turkey_holds),
    _number("United Kingdom, patient", _sampled("94# ### ####"), check.mod_11_holds),
    _number("United Kingdom", _sampled("AB ## ## ## C"), _always),
    _number("United States", _ssn, _always),
    _number("United States, provider", _sampled("1#########"), check.npi_holds, "NPI"),
    _number("patient", _sampled("########"), _always, "MRN"),
)
