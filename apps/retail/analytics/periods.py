"""Periods: how dates are written, how often they come, and what the ones ahead are called.

Imports nothing heavy: agents and their pages need the words of periods without the arithmetic.

A style is a pattern with named parts (y, m, d, ...); the parts make a moment. Weeks are those of ISO 8601.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from apps.common.formats import number

if TYPE_CHECKING:
    import numpy as np
    import polars
    from numpy.typing import NDArray

Frequency = Literal["hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "index"]
AskedFrequency = Literal["auto", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "index"]
Order = Literal["auto", "day first", "month first"]
HOURS: dict[Frequency, float] = {
    "hourly": 1, "daily": 24, "weekly": 168, "monthly": 730.5, "quarterly": 2191.5, "yearly": 8766,
}  # fmt: skip
MONTHS_EACH: dict[str, int] = {"monthly": 1, "quarterly": 3, "yearly": 12}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_TIME = r"(?:[T ](?P<H>\d{1,2}):(?P<M>\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]00:?00)?)?"
_Y = r"(?P<y>(?:19|20|21)\d\d)"
_D, _M, _NAME = r"(?P<d>\d{1,2})", r"(?P<m>\d{1,2})", r"(?P<name>[A-Za-z]{3,9})\.?"


@dataclass(frozen=True)
class Style:
    """One way to write a period. `order` is set for the styles that another order of day and month would fit too."""

    example: str
    pattern: str
    frequency: Frequency | None = None
    order: Order = "auto"


STYLES = (
    Style("2024-12-31", rf"{_Y}-{_M}-{_D}{_TIME}"),
    Style("31.12.2024", rf"{_D}\.{_M}\.{_Y}{_TIME}"),
    Style("31/12/2024", rf"{_D}/{_M}/{_Y}{_TIME}", order="day first"),
    Style("12/31/2024", rf"{_M}/{_D}/{_Y}{_TIME}", order="month first"),
    Style("31-12-2024", rf"{_D}-{_M}-{_Y}{_TIME}", order="day first"),
    Style("12-31-2024", rf"{_M}-{_D}-{_Y}{_TIME}", order="month first"),
    Style("2024/12/31", rf"{_Y}/{_M}/{_D}{_TIME}"),
    Style("20241231", r"(?P<y>(?:19|20|21)\d\d)(?P<m>\d\d)(?P<d>\d\d)"),
    Style("31.12.24", rf"{_D}\.{_M}\.(?P<y2>\d\d)"),
    Style("31/12/24", rf"{_D}/{_M}/(?P<y2>\d\d){_TIME}", order="day first"),
    Style("12/31/24", rf"{_M}/{_D}/(?P<y2>\d\d){_TIME}", order="month first"),
    Style("31 Dec 2024", rf"{_D}[ -]{_NAME}[ -,]*{_Y}"),
    Style("Dec 31, 2024", rf"{_NAME} {_D},? {_Y}"),
    Style("2024-W05", rf"{_Y}[- ]?(?:W|w|KW|CW)[- ]?(?P<w>\d{{1,2}})(?:-(?P<wd>[1-7]))?", "weekly"),
    Style("W05 2024", rf"(?:W|w|KW|CW|Week )(?P<w>\d{{1,2}})[ /-]{_Y}", "weekly"),
    Style("2024-Q1", rf"{_Y}[- ]?[Qq](?P<q>[1-4])", "quarterly"),
    Style("Q1 2024", rf"[Qq](?P<q>[1-4])[ /-]?{_Y}", "quarterly"),
    Style("2024-12", rf"{_Y}[-/.](?P<m>\d{{1,2}})"),
    Style("12/2024", rf"(?P<m>\d{{1,2}})[-/.]{_Y}"),
    Style("202412", r"(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])"),
    Style("Dec 2024", rf"{_NAME}[ -]*{_Y}"),
    Style("Dec-24", rf"{_NAME}[ -'’]*(?P<y2>\d\d)"),
    Style("2024 Dec", rf"{_Y}[ -]*{_NAME}"),
    Style("2024", _Y, "yearly"),
)
COUNT = Style("1, 2, 3", r"[A-Za-z_. ]{0,12}(?P<n>-?\d{1,9})", "index")
"""Periods that are only counted: numbers, perhaps behind a letter as in V2 or Week 7."""
_ANY = re.compile("|".join(re.sub(r"\?P<\w+>", "?:", style.pattern) for style in STYLES))


def moments(texts: polars.Series, style: Style) -> polars.Series:
    """The moments that `texts` name in this style, null where one does not fit or is no date in the calendar."""
    import polars as pl

    trimmed = texts.alias("text").str.strip_chars()
    parts = set(re.findall(r"\?P<(\w+)>", style.pattern))
    frame = (
        trimmed.to_frame()
        .select(pl.col("text").str.extract_groups(f"^{style.pattern}$").alias("found"))
        .unnest("found")
    )
    if "w" in parts:
        day = pl.col("wd").fill_null("1") if "wd" in parts else pl.lit("1")
        text = pl.concat_str(pl.col("y"), pl.lit("-W"), pl.col("w").str.zfill(2), pl.lit("-"), day)
        return frame.select(text.str.to_date("%G-W%V-%u", strict=False).cast(pl.Datetime("us"))).to_series()
    year = pl.col("y") if "y" in parts else pl.lit("20") + pl.col("y2")
    month = pl.col("m") if "m" in parts else pl.lit("1")
    if "name" in parts:
        short = pl.col("name").str.to_lowercase().str.slice(0, 3)
        month = short.replace_strict({name: str(n) for n, name in enumerate(MONTHS, start=1)}, default=None)
    if "q" in parts:
        month = (pl.col("q").cast(pl.Int8) * 3 - 2).cast(pl.String)
    day = pl.col("d") if "d" in parts else pl.lit("1")
    hour, minute = (pl.col(p).fill_null("0") if p in parts else pl.lit("0") for p in ("H", "M"))
    pieces = [part.str.zfill(2) for part in (month, day, hour, minute)]
    text = pl.concat_str(year, *pieces, separator="-")
    return frame.select(text.str.to_datetime("%Y-%m-%d-%H-%M", strict=False, time_unit="us")).to_series()


def counts(texts: polars.Series) -> polars.Series:
    """The numbers in periods that are only counted; all null unless every one has the same letters before it."""
    import polars as pl

    found = texts.str.strip_chars().str.extract(f"^{COUNT.pattern}$", 1).cast(pl.Int64, strict=False)
    letters = texts.str.strip_chars().str.replace(r"-?\d+$", "")
    return found if letters.n_unique() <= 1 else pl.Series([None] * len(texts), dtype=pl.Int64)


def is_period(text: str) -> bool:
    """Whether a column of this name is a period with a date; a bare year counts."""
    return _ANY.fullmatch(text.strip()) is not None


@dataclass(frozen=True)
class Reading:
    """How a set of distinct periods was read. `misses` marks the texts that the best style does not fit."""

    style: Style
    places: polars.Series
    misses: polars.Series
    order: Order = "auto"
    why: str = ""

    @property
    def dated(self) -> bool:
        return self.style is not COUNT


def read(texts: polars.Series, order: Order = "auto") -> Reading:
    """Read distinct texts in the one style that fits them all, or else the one that fits most.

    Day first and month first often fit alike: then the order whose dates follow each other more evenly is taken, day
    first where both do. `order` decides instead when it is given.
    """
    sample = texts.head(2000)
    best: Reading | None = None
    fitting: list[Reading] = []
    for style in STYLES:
        if order != "auto" and style.order not in ("auto", order):
            continue
        if best is not None and not moments(sample, style).is_not_null().any():
            continue
        found = moments(texts, style)
        reading = Reading(style, found, found.is_null(), style.order)
        if not reading.misses.any():
            fitting.append(reading)
            if style.order == "auto":
                break
        if best is None or reading.misses.sum() < best.misses.sum():
            best = reading
    if fitting:
        return _even(fitting, texts)
    numbers = counts(texts)
    if best is None or not numbers.is_null().any():
        return Reading(COUNT, numbers, numbers.is_null(), why="The periods are counted, without dates.")
    return best


def _even(fitting: list[Reading], texts: polars.Series) -> Reading:
    first = fitting[0]
    if first.order == "auto":
        return Reading(first.style, first.places, first.misses, why=f"Dates are written like {first.style.example}.")
    if len(fitting) == 1:
        return Reading(
            first.style, first.places, first.misses, first.order,
            f"Only {first.order} fits: some date has a part above 12.",
        )  # fmt: skip
    chosen = min(fitting, key=lambda each: (round(_unevenness(each.places), 6), each.order != "day first"))
    other = "month first" if chosen.order == "day first" else "day first"
    why = f"“{texts[0]}” could be read either way; with the {chosen.order} the dates follow each other "
    why += "as evenly as any. " if _unevenness(fitting[0].places) == _unevenness(fitting[1].places) else "more evenly. "
    return Reading(chosen.style, chosen.places, chosen.misses, chosen.order, why + f"Choose {other} if that is wrong.")


def _unevenness(places: polars.Series) -> float:
    """Spread of the logarithm of the distances between neighbouring moments; 0 for a perfect calendar."""
    import numpy as np

    hours = np.diff(np.unique(places.drop_nulls().to_numpy())).astype("timedelta64[m]").astype(float) / 60
    return float(np.log(hours[hours > 0]).std()) if len(hours) else 0.0


def frequency_of(
    within: NDArray[np.timedelta64], distinct: NDArray[np.datetime64], written: Frequency | None = None
) -> tuple[Frequency, str]:
    """The frequency and its reason, by the shortest distance between neighbours that is not a rare slip.

    `within` holds the distances inside series, `distinct` all moments, which decide where each series has only one;
    `written` is what the way of writing says, for a table with a single period.
    """
    import numpy as np

    gaps = within if len(within) else np.diff(distinct)
    if not len(gaps):
        return written or "weekly", "There is only one period, so the frequency is a guess."
    hours = gaps.astype("timedelta64[m]").astype(float) / 60
    shortest = max(1e-3, float(np.quantile(hours, 0.02, method="lower")))
    found = min(HOURS, key=lambda name: abs(np.log(HOURS[name] / shortest)))
    days = "a day" if shortest == 24 else f"{number(shortest / 24)} days"
    apart = days if shortest >= 24 else f"{number(shortest)} h"
    return found, f"Neighbouring periods lie {apart} apart."


def places_of(moments: NDArray[np.datetime64], frequency: Frequency, ending: bool) -> tuple[NDArray[np.int64], int]:
    """The number of the period that holds each moment, neighbours differing by one, and the anchor of its weeks.

    The anchor is the weekday on which weeks begin: the most usual one; with `ending`, the one after the last moment, so
    that the last week is whole when days are added up to weeks.
    """
    import numpy as np

    if frequency in MONTHS_EACH:
        return moments.astype("datetime64[M]").astype(np.int64) // MONTHS_EACH[frequency], 0
    if frequency == "hourly":
        return moments.astype("datetime64[h]").astype(np.int64), 0
    days = moments.astype("datetime64[D]").astype(np.int64)
    if frequency == "daily":
        return days, 0
    anchor = int((days.max() + 1) % 7) if ending else int(np.bincount(days % 7, minlength=7).argmax())
    return (days - anchor) // 7, anchor


def start_label(place: int, frequency: Frequency, anchor: int = 0) -> str:
    """The label of a period by its number: the ISO date of its first day, or the number where there are no dates."""
    if frequency == "index":
        return str(place)
    if frequency in MONTHS_EACH:
        month = place * MONTHS_EACH[frequency]
        return date(1970 + month // 12, month % 12 + 1, 1).isoformat()
    if frequency == "hourly":
        return (datetime(1970, 1, 1) + timedelta(hours=place)).isoformat(timespec="minutes")  # noqa: DTZ001 - a label
    return (date(1970, 1, 1) + timedelta(days=place * 7 + anchor if frequency == "weekly" else place)).isoformat()


def labels(start: str, frequency: Frequency, count: int, skip: int = 0) -> list[str]:
    """Labels of `count` periods, the first of them `skip` periods after the label `start`."""
    if re.fullmatch(r"-?\d+", start):
        return [str(int(start) + n) for n in range(skip, skip + count)]
    first = datetime.fromisoformat(start)
    if months := MONTHS_EACH.get(frequency):
        spots = [first.year * 12 + first.month - 1 + n * months for n in range(skip, skip + count)]
        return [date(spot // 12, spot % 12 + 1, 1).isoformat() for spot in spots]
    each = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}.get(frequency, timedelta(weeks=1))
    made = [first + n * each for n in range(skip, skip + count)]
    return [m.isoformat(timespec="minutes") if frequency == "hourly" else m.date().isoformat() for m in made]
