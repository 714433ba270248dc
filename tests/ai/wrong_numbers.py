"""A hundred explanations of results, each with one number in it that nobody computed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Chance = random.Random
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


@dataclass(frozen=True)
class Explanation:
    result: dict[str, Any]
    text: str
    wrong: tuple[int, int]
    """Where the number stands that is wrong."""
    how: str


def explanations(seed: object, number: int = 100) -> Iterator[Explanation]:
    """The same ones for the same seed; ways to be wrong in turn."""
    chance = Chance(str(seed))
    for place in range(number):
        how, make = WAYS[place % len(WAYS)]
        yield _explanation(chance, how, make)


def result_make(chance: Chance) -> dict[str, Any]:
    """A forecast as an agent returns it. Figures are far enough apart that a wrong one hits none by chance."""
    mean = round(chance.uniform(1_000, 9_000), 2)
    return {
        "mape": round(chance.uniform(0.06, 0.12), 4),
        "revenue_eur": round(chance.uniform(1.1e6, 9.9e6), 2),
        "units": chance.randrange(20_000, 90_000),
        "change_pct": -round(chance.uniform(31, 79), 1),
        "stock": {
            "mean": mean,
            "lead_time_days": chance.randrange(14, 30),
            "weight_kg": round(chance.uniform(110, 190), 2),
        },
        "series": [{"name": f"Store {n}", "period": f"2026-{n:02}-01"} for n in range(1, chance.randrange(8, 13))],
        "method": "ISO 2859-1, lot L-77",
        "tiny": round(chance.uniform(1e-6, 9e-6), 9),
    }


def _right(result: dict[str, Any]) -> list[str]:
    """Sentences that are true, in many ways to write a number."""
    stock = result["stock"]
    return [
        f"The MAPE is {result['mape']:.1%}, or {result['mape']:.3f}.",
        f"Revenue came to €{result['revenue_eur']:,.0f} ({result['revenue_eur'] / 1e6:.2f} million EUR).",
        f"In all {result['units']:,} units were sold, about {result['units'] / 1e3:.1f}k.",
        f"Demand fell by {-result['change_pct']:.1f} percent ({result['change_pct']} %).",
        f"The mean stock is {stock['mean']:,.2f}, with a lead time of {stock['lead_time_days']} days.",
        f"It covers {len(result['series'])} stores from January 2026 on, by {result['method']}.",
        f"A pallet weighs {stock['weight_kg']:.1f} kg; the p-value is {result['tiny']:.2e}.",
    ]


def _explanation(
    chance: Chance, how: str, make: Callable[[Chance, dict[str, Any]], tuple[str, str, str]]
) -> Explanation:
    result = result_make(chance)
    before, wrong, behind = make(chance, result)
    sentences = chance.sample(_right(result), 4)
    sentences.insert(chance.randrange(5), f"{before}{wrong}{behind}")
    if chance.random() < 0.3:
        sentences = [f"{place}. {each}" for place, each in enumerate(sentences, start=1)]
    text = ("\n" if sentences[0].startswith("1.") else " ").join(sentences)
    start = text.index(f"{before}{wrong}{behind}") + len(before)
    return Explanation(result, text, (start, start + len(wrong)), how)


def _digit(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    figure = f"{result['revenue_eur']:,.2f}"
    places = [place for place, each in enumerate(figure[:-2]) if each.isdigit() and place > 0]
    place = chance.choice(places)
    other = str((int(figure[place]) + chance.randrange(1, 10)) % 10)
    return "Revenue was ", figure[:place] + other + figure[place + 1 :], " EUR."


def _swapped(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    digits = str(result["units"])
    swapped = digits[1] + digits[0] + digits[2:]
    if swapped == digits:
        swapped = str(int(digits) + 1_000)
    return "They sold ", f"{int(swapped):,}", " units."


def _ten_times(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "Stock is ", f"{result['stock']['mean'] * 10:,.1f}", " on average."


def _sign(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "Demand grew by ", f"{-result['change_pct']}%", " here."


def _unit(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "A pallet has ", f"{result['stock']['weight_kg']:.1f}", " mg."


def _percent(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "The lead time is ", f"{result['stock']['lead_time_days']} %", " of it."


def _share(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "The error is ", f"{result['mape']:.2f}%", ", which is small."


def _sum(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "Together that makes ", f"{result['units'] + result['revenue_eur']:,.2f}", "."


def _rounded(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "The MAPE is about ", f"{result['mape'] * 100 + chance.choice([-1, 1]) * 1.2:.1f} %", "."


def _word(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    wrong = chance.choice([each for each in range(2, 13) if each != len(result["series"])])
    return "It covers ", WORDS[wrong], " stores."


def _count(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "It covers ", f"{len(result['series']) + chance.choice([1, -1])}", " stores."


def _date(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "It begins on ", f"2026-{chance.randrange(1, 13):02}-{chance.randrange(2, 29):02}", "."


def _year(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "It was best in ", str(chance.choice([2019, 2021, 2024, 2025, 2027])), "."


def _name(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "It was inspected as ", f"L-{chance.randrange(100, 999)}", "."


def _million(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "Revenue was ", f"€{result['revenue_eur'] / 1e6 + 0.3:.1f}m", "."


def _exponent(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "The p-value is ", f"{result['tiny'] * 100:.2e}", "."


def _ratio(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "Each unit made ", f"€{result['revenue_eur'] / result['units']:.2f}", "."


def _invented(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "Experts expect ", f"{chance.uniform(81, 99):.1f} %", " of it."


def _fraction(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "About ", "three quarters", " of it is sold."


def _currency(chance: Chance, result: dict[str, Any]) -> tuple[str, str, str]:
    return "Revenue was ", f"${result['revenue_eur']:,.0f}", "."


WAYS: list[tuple[str, Callable[[Chance, dict[str, Any]], tuple[str, str, str]]]] = [
    ("another digit", _digit),
    ("digits swapped", _swapped),
    ("ten times as much", _ten_times),
    ("a rise for a fall", _sign),
    ("another unit", _unit),
    ("days as percent", _percent),
    ("a share as percent", _share),
    ("a sum of its own", _sum),
    ("rounded to another", _rounded),
    ("another number in words", _word),
    ("a count off by one", _count),
    ("another date", _date),
    ("another year", _year),
    ("another id", _name),
    ("another number of millions", _million),
    ("another exponent", _exponent),
    ("a ratio of its own", _ratio),
    ("invented", _invented),
    ("another fraction", _fraction),
    ("another currency", _currency),
]
