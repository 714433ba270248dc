"""What somebody of the field would look for in the generated data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars
import pytest
from polars import col

from apps.common.demo import demo_tenants
from apps.retail.analytics.demand import classify

Rows = polars.DataFrame


@pytest.fixture(scope="module")
def tables() -> dict[str, Rows]:
    return {dataset.name: dataset.frame() for demo in demo_tenants() for dataset in demo.datasets}


def mean(rows: Rows, of: str, *where: Any) -> float:
    """The mean of the column `of` over the rows that fulfil `where`."""
    chosen = rows.filter(*where)
    assert len(chosen)
    return float(chosen[of].mean())  # type: ignore[arg-type]


def one(rows: Rows, of: str, **where: Any) -> int:
    """The value of the column `of` in the only row with these values."""
    return int(rows.filter(**where)[of].item())


def weekday(column: str, *numbers: int) -> polars.Expr:
    """Whether the day is one of these weekdays, Monday being 1."""
    return col(column).dt.weekday().is_in(numbers)


def month(column: str, *numbers: int) -> polars.Expr:
    return col(column).dt.month().is_in(numbers)


def test_sun_cream_sells_in_summer_and_cold_capsules_in_winter(tables: dict[str, Rows]) -> None:
    sales = tables["Weekly unit sales"]
    for item, high, low in (("Sun cream SPF 30", 7, 1), ("Cold and flu capsules 16", 1, 7)):
        mine = sales.filter(item=item)
        assert mean(mine, "units", month("week", high)) > 4 * mean(mine, "units", month("week", low))


def test_price_cuts_sell_more_and_empty_the_weeks_after(tables: dict[str, Rows]) -> None:
    mine = tables["Weekly unit sales"].filter(item="Dishwasher tablets 60 pack").sort("week")
    cut = col("promotion") == "yes"
    after = cut.shift(1, fill_value=False) & ~cut
    usual = mean(mine, "units", ~cut, ~after)
    assert mean(mine, "units", cut) > 2 * usual
    assert mean(mine, "units", after) < 0.95 * usual


def test_items_come_and_go_and_spare_parts_are_asked_for_now_and_then(tables: dict[str, Rows]) -> None:
    sales = tables["Weekly unit sales"]
    lengths = dict(sales.group_by("item").len().iter_rows())
    assert (lengths["Whole milk 2 l"], lengths["Pumpkin spice syrup 250 ml"]) == (156, 6)
    assert sales.filter(item="LED bulb E27 8 W")["week"].max() == date(2026, 9, 21)
    belt = sales.filter(item="Vacuum drive belt (spare)")["units"].to_numpy()
    assert classify(belt).name in {"intermittent", "lumpy"}


def test_large_shops_are_closed_on_christmas_day_and_easter_sunday(tables: dict[str, Rows]) -> None:
    sales = tables["Daily store sales"]
    closed = sales.filter(
        col("date").is_in([date(2024, 12, 25), date(2025, 4, 20), date(2025, 12, 25), date(2026, 4, 5)])
    )
    assert len(closed) == 4 * 8
    assert closed["sales"].sum() == closed["customers"].sum() == 0
    assert sales.filter(col("sales") == 0).equals(closed)


def test_shops_take_most_on_saturdays_and_before_christmas(tables: dict[str, Rows]) -> None:
    bath = tables["Daily store sales"].filter(store="Bath")
    assert mean(bath, "sales", weekday("date", 6)) > 1.3 * mean(bath, "sales", weekday("date", 2))
    rush = col("date").is_between(date(2025, 12, 15), date(2025, 12, 23))
    assert mean(bath, "sales", rush) > 1.4 * mean(bath, "sales", month("date", 10))


def test_the_shop_that_was_refitted_has_no_figures_for_it(tables: dict[str, Rows]) -> None:
    gap = col("date").is_between(date(2026, 6, 8), date(2026, 6, 26))
    assert set(tables["Daily store sales"].filter(gap)["store"]) == {
        "Bath", "Bristol", "Gloucester", "Newquay", "Plymouth", "Swindon", "Taunton"
    }  # fmt: skip


def test_cash_is_drawn_on_fridays_on_paydays_and_before_christmas_and_less_each_year(tables: dict[str, Rows]) -> None:
    cash = tables["Daily cash withdrawals"].filter(branch="Bristol Quay")
    assert mean(cash, "withdrawals", weekday("date", 5)) > 1.2 * mean(cash, "withdrawals", weekday("date", 3))
    ends = [date(2026, 2, 27), date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30)]
    assert mean(cash, "withdrawals", col("date").is_in(ends)) > 1.2 * mean(cash, "withdrawals")
    one_year, next_year = (col("date").is_between(date(y, 2, 1), date(y, 9, 1)) for y in (2025, 2026))
    assert mean(cash, "withdrawals", next_year) < 0.98 * mean(cash, "withdrawals", one_year)


def test_a_strike_of_those_who_bring_cash_shows_at_every_branch(tables: dict[str, Rows]) -> None:
    cash = tables["Daily cash withdrawals"]
    for (branch,), mine in cash.group_by("branch"):
        before, strike = (one(mine, "withdrawals", date=date(2025, 9, day)) for day in (11, 18))
        assert strike < 0.6 * before, branch


def test_cards_are_used_at_noon_not_at_night_and_an_outage_shows_online_alone(tables: dict[str, Rows]) -> None:
    cards = tables["Card authorisations per hour"]
    noon, night = (col("hour").dt.hour() == hour for hour in (12, 3))
    assert mean(cards, "Contactless", noon) > 15 * mean(cards, "Contactless", night)
    online, contactless = (
        [one(cards, channel, hour=datetime(2026, 10, day, 13)) for day in (13, 14)]
        for channel in ("Online", "Contactless")
    )
    assert online[1] < 0.06 * online[0]
    assert contactless[1] > 0.8 * contactless[0]


def test_medical_wards_fill_on_mondays_and_in_winter_and_with_influenza(tables: dict[str, Rows]) -> None:
    wards = tables["Daily emergency admissions"]
    medicine, breath = wards.filter(ward="Acute medicine"), wards.filter(ward="Respiratory")
    assert mean(medicine, "admissions", weekday("date", 1)) > 1.2 * mean(medicine, "admissions", weekday("date", 7))
    assert mean(breath, "admissions", month("date", 12, 1)) > 1.7 * mean(breath, "admissions", month("date", 7, 8))


def test_bones_break_on_icy_days_and_children_are_well_in_august(tables: dict[str, Rows]) -> None:
    wards = tables["Daily emergency admissions"]
    bones, children = wards.filter(ward="Trauma and orthopaedics"), wards.filter(ward="Paediatrics")
    ice = [date(2025, 1, 9), date(2025, 12, 30), date(2026, 1, 6)]
    assert mean(bones, "admissions", col("date").is_in(ice)) > 1.6 * mean(bones, "admissions")
    assert mean(children, "admissions", month("date", 8)) < 0.7 * mean(children, "admissions", month("date", 11, 12))


def test_one_anticoagulant_takes_the_place_of_the_other(tables: dict[str, Rows]) -> None:
    drugs = tables["Monthly drug consumption"]
    for drug, grows in (("Apixaban 5 mg tablets", True), ("Warfarin 3 mg tablets", False)):
        mine = drugs.filter(drug=drug).sort("month")["packs"]
        assert (mine.tail(12).sum() > mine.head(12).sum()) is grows


def test_put_off_operations_spare_propofol(tables: dict[str, Rows]) -> None:
    propofol = tables["Monthly drug consumption"].filter(drug="Propofol 1 % 20 ml")
    strikes = [date(2023, 12, 1), date(2024, 1, 1), date(2025, 7, 1)]
    assert mean(propofol, "packs", col("month").is_in(strikes)) < 0.9 * mean(propofol, "packs")


def test_spare_parts_are_of_every_class_of_demand(tables: dict[str, Rows]) -> None:
    parts = tables["Weekly spare-part demand"]
    classes = {part: classify(mine["quantity"].to_numpy()).name for (part,), mine in parts.group_by("part")}
    assert classes["TD-1004"] == "smooth"
    assert classes["TD-1401"] == "intermittent"
    assert classes["TD-1902"] == "lumpy"
    assert set(classes.values()) >= {"smooth", "intermittent", "lumpy"}


def test_the_plant_rests_in_august_and_lacked_castings_in_one_autumn(tables: dict[str, Rows]) -> None:
    made = tables["Monthly production"].filter(line="Helical gear units")
    assert mean(made, "units", month("month", 8)) < 0.7 * mean(made, "units", month("month", 6, 7, 9))
    dosing, gears = (
        tables["Monthly production"].filter(line=line).filter(month=date(2024, 10, 1))["units"].item()
        for line in ("Dosing pumps", "Helical gear units")
    )
    assert gears < 0.75 * mean(made, "units")
    assert dosing > 0


def test_a_new_line_is_run_in_and_a_second_shift_makes_more(tables: dict[str, Rows]) -> None:
    made = tables["Monthly production"]
    dosing = made.filter(line="Dosing pumps").sort("month")["units"]
    assert len(dosing) == 31
    assert dosing[0] < 0.3 * dosing[-1]
    pumps = made.filter(line="Centrifugal pumps")
    before, after = col("month") < date(2025, 4, 1), col("month") >= date(2025, 4, 1)
    assert mean(pumps, "units", after) > 1.3 * mean(pumps, "units", before)


def test_parcels_come_on_mondays_and_before_christmas_and_not_on_holidays(tables: dict[str, Rows]) -> None:
    leeds = tables["Daily parcels"].filter(depot="Leeds")
    assert mean(leeds, "parcels", weekday("date", 1, 2)) > 1.5 * mean(leeds, "parcels", weekday("date", 6))
    rush = col("date").is_between(date(2025, 12, 1), date(2025, 12, 20))
    assert mean(leeds, "parcels", rush) > 1.4 * mean(leeds, "parcels", month("date", 9))
    assert [one(leeds, "parcels", date=day) for day in (date(2025, 12, 25), date(2026, 4, 3), date(2026, 8, 31))] == [
        0,
        0,
        0,
    ]


def test_what_a_strike_left_lying_goes_out_after_it(tables: dict[str, Rows]) -> None:
    leeds = tables["Daily parcels"].filter(depot="Leeds")
    assert [one(leeds, "parcels", date=date(2025, 11, day)) for day in (6, 7)] == [0, 0]
    assert one(leeds, "parcels", date=date(2025, 11, 8)) > 1.2 * one(leeds, "parcels", date=date(2025, 11, 1))


def test_a_new_depot_takes_over_from_its_neighbours(tables: dict[str, Rows]) -> None:
    parcels, diesel = tables["Daily parcels"], tables["Weekly diesel"]
    assert parcels.filter(depot="Milton Keynes")["date"].min() == date(2025, 8, 18)
    assert diesel.filter(depot="Milton Keynes")["week"].min() == date(2025, 8, 18)
    before, after = (
        col("date").is_between(date(2025, *a), date(2025, *b)) for a, b in (((7, 7), (8, 17)), ((8, 18), (9, 28)))
    )
    drop = {
        depot: mean(parcels.filter(depot=depot), "parcels", after)
        / mean(parcels.filter(depot=depot), "parcels", before)
        for depot in ("Birmingham", "Manchester")
    }
    assert drop["Birmingham"] < 0.95 * drop["Manchester"]


def test_electric_vans_take_less_diesel_each_year(tables: dict[str, Rows]) -> None:
    diesel = tables["Weekly diesel"].filter(depot="Croydon")
    spring = [col("week").is_between(date(year, 5, 6), date(year, 7, 28)) for year in (2024, 2026)]
    assert mean(diesel, "litres", spring[1]) < 0.85 * mean(diesel, "litres", spring[0])


def test_requests_follow_the_office_reports_the_night_and_a_failure_shows(tables: dict[str, Rows]) -> None:
    load = tables["Requests per hour"]
    work = weekday("hour", 2, 3, 4)
    at = [col("hour").dt.hour() == hour for hour in (2, 10)]
    assert mean(load, "Ledger", work, at[1]) > 20 * mean(load, "Ledger", work, at[0])
    assert mean(load, "Reports", work, at[0]) > 4 * mean(load, "Reports", work, at[1])
    failed, well = (one(load, "Ledger", hour=datetime(2026, 9, day, 10)) for day in (24, 17))
    assert failed < 0.1 * well


def test_tickets_come_with_releases_and_with_tax_returns_and_rest_between_the_years(tables: dict[str, Rows]) -> None:
    tickets = tables["Daily support tickets"]
    broken, tax = tickets.filter(queue="Something is broken"), tickets.filter(queue="Tax and filing")
    releases = [date(2026, 6, 2), date(2026, 6, 16), date(2026, 6, 30), date(2026, 9, 8), date(2026, 9, 22)]
    others = [date(2026, 6, 9), date(2026, 6, 23), date(2026, 7, 7), date(2026, 9, 1), date(2026, 9, 15)]
    assert mean(broken, "tickets", col("date").is_in(releases)) > 1.5 * mean(
        broken, "tickets", col("date").is_in(others)
    )
    due = col("date").is_between(date(2026, 1, 26), date(2026, 1, 30))
    assert mean(tax, "tickets", due) > 2.5 * mean(tax, "tickets", month("date", 6))
    assert mean(broken, "tickets", col("date").is_between(date(2025, 12, 24), date(2025, 12, 31))) < 0.4 * mean(
        broken, "tickets"
    )
