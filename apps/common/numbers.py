"""Numbers as people write them: decimal point or comma, thousands set apart, empty cells by other names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars

Decimals = Literal["auto", "decimal point", "decimal comma"]
EMPTY = ("", "-", "–", "na", "n/a", "nan", "null", "none", "#n/a")
_SPACES = "[ \u00a0\u202f\u2009'’]"
_POINT = r"^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?$"
_COMMA = r"^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d*)?$"
_THOUSANDS = r"^[+-]?\d{1,3}(?:,\d{3})+$"


@dataclass(frozen=True)
class Numbers:
    """`values` is null where a cell is empty; `bad` marks cells with text that is no number in the style `decimals`."""

    values: polars.Series
    bad: polars.Series
    decimals: Decimals
    why: str


def read(cells: polars.Series, decimals: Decimals = "auto") -> Numbers:
    """Read all cells in one style. A comma is a decimal comma when any cell could be read in no other way."""
    import polars as pl

    if cells.dtype.is_numeric():
        values = cells.cast(pl.Float64).fill_nan(None)
        return Numbers(values, values.is_infinite().fill_null(value=False), decimals, "The file stores numbers.")
    text = cells.cast(pl.String).str.strip_chars()
    if decimals != "decimal comma":
        values = text.cast(pl.Float64, strict=False)
        plain = values.is_finite().fill_null(value=False)
        if (plain | text.is_null()).all():
            return Numbers(
                values, ~plain & text.is_not_null(), "decimal point", "Every number has a decimal point or none."
            )
    empty = text.is_null() | text.str.to_lowercase().is_in(EMPTY)
    close = text.str.replace_all(_SPACES, "")
    chosen, why = (decimals, "As you chose.") if decimals != "auto" else _style(close.filter(~empty))
    fits = close.str.contains(_COMMA if chosen == "decimal comma" else _POINT)
    if chosen == "decimal comma":
        close = close.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    else:
        fits |= close.str.contains(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
        close = close.str.replace_all(",", "", literal=True)
    values = pl.DataFrame({"v": close, "ok": fits & ~empty}).select(
        pl.when("ok").then(pl.col("v")).otherwise(None).cast(pl.Float64, strict=False)
    ).to_series()  # fmt: skip
    good = values.is_finite().fill_null(value=False)
    return Numbers(values, ~good & ~empty, chosen, why)


def _style(close: polars.Series) -> tuple[Decimals, str]:
    """The style of cells that a plain reading does not take, with its reason in words."""
    dots = close.filter(close.str.contains(r"^[+-]?\d{1,3}(?:\.\d{3}){2,}$"))
    if len(dots):
        return "decimal comma", f"“{dots[0]}” has dots between thousands."
    with_comma = close.filter(close.str.contains(",", literal=True))
    only_comma = with_comma.filter(~with_comma.str.contains(_POINT) & with_comma.str.contains(_COMMA))
    if not len(with_comma):
        return "decimal point", "Every number has a decimal point or none."
    if len(only_comma):
        return "decimal comma", f"“{only_comma[0]}” can only be read with a decimal comma."
    apart = with_comma.filter(~with_comma.str.contains(_THOUSANDS))
    if len(apart):
        return "decimal point", f"“{apart[0]}” has commas between thousands and a decimal point."
    return (
        "decimal point",
        f"The comma in “{with_comma[0]}” is taken to set thousands apart; choose decimal comma if it does not.",
    )
