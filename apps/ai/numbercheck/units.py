"""Units as texts and fields spell them, so that 5 g is not taken for 5 mg."""

from __future__ import annotations

import re
from typing import Final

PERCENT: Final = "%"
CURRENCIES: Final = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "US$": "USD"}
CODES: Final = (
    *("EUR", "USD", "GBP", "JPY", "CHF", "INR", "BRL", "CNY", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK"),
    *("HUF", "RON", "TRY", "ZAR", "MXN", "SGD", "HKD", "KRW", "AED", "SAR"),
)
_SPELLINGS: Final = {
    "%": "% percent pct percentage per_cent",
    "ms": "ms millisecond milliseconds",
    "s": "s sec secs second seconds",
    "min": "min mins minute minutes",
    "h": "h hr hrs hour hours",
    "d": "d day days",
    "week": "week weeks wk wks",
    "month": "month months",
    "year": "year years yr yrs",
    "mg": "mg milligram milligrams",
    "µg": "µg μg ug mcg microgram micrograms",
    "g": "g gram grams",
    "kg": "kg kilogram kilograms kilo kilos",
    "t": "t tonne tonnes",
    "lb": "lb lbs pound pounds",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "m": "m metre metres meter meters",
    "km": "km kilometre kilometres kilometer kilometers",
    "mile": "mile miles mi",
    "ml": "ml millilitre millilitres milliliter milliliters",
    "l": "l litre litres liter liters",
    "°C": "°c celsius",
    "°F": "°f fahrenheit",
    "kWh": "kwh",
    "W": "w watt watts",
    "kW": "kw",
    "EUR": "eur euro euros",
    "USD": "usd dollar dollars",
    "GBP": "gbp",
    "share": "share fraction proportion",
}
_UNITS: Final = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_OF_NAMES: Final = {word: unit for word, unit in _UNITS.items() if len(word) > 1 and unit != "share"}
_PERCENT_NAME = re.compile(
    r"percent|pct|share|rate|ratio|proportion|probab|margin|growth|change|mape|coverage|confidence|utili[sz]ation"
    r"|accuracy|yield|discount|fraction|chance",
    re.I,
)


def unit_said(text: str) -> str:
    """The unit that a text names, in one spelling; what is not known stays as it is."""
    text = text.strip()
    return CURRENCIES.get(text) or (text if text in CODES else _UNITS.get(text.lower().rstrip("."), text))


def is_known(unit: str) -> bool:
    """Whether two of these that differ are two things."""
    return unit in _SPELLINGS or unit in CODES


def unit_of_name(name: str) -> str:
    """The unit that the name of a field ends with: `weight_kg`, `revenue_eur`, `lead_time_days`."""
    word = re.split(r"[_\W]", name)[-1]
    return word.upper() if "_" in name and word.upper() in CODES else _OF_NAMES.get(word.lower(), "")


def is_percent_name(path: str) -> bool:
    """Whether the last part of a path says that its figure is a share or percentage."""
    return _PERCENT_NAME.search(path.rpartition(".")[2]) is not None
