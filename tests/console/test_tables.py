"""Tables of results: sorted, searched and paged by the query string."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apps.common.widgets import Column, TableWidget
from apps.console.tables import TableView
from tests.console.people import request_of

COLUMNS = [Column(key="item", title="Item"), Column(key="q", title="Quantity", numeric=True, unit="pcs")]


def view(rows: list[dict[str, Any]], query: str = "", size: int = 3, row_key: str = "item") -> TableView:
    widget = TableWidget(key="t", title="Things", columns=COLUMNS, rows=rows, row_key=row_key)
    return TableView(widget, request_of(path=f"/page/?{query}"), size=size)


ROWS = [{"item": f"SKU-{n}", "q": q} for n, q in enumerate([5, None, 12.5, 3, "unknown", float("nan"), 40])]


def items(table: TableView) -> list[str]:
    return [row.cells[0].text for row in table.rows]


def test_rows_come_as_the_agent_gave_them() -> None:
    assert items(view(ROWS)) == ["SKU-0", "SKU-1", "SKU-2"]


def test_sorting_puts_what_is_missing_last_either_way() -> None:
    assert items(view(ROWS, "t.sort=q", size=9)) == ["SKU-3", "SKU-0", "SKU-2", "SKU-6", "SKU-4", "SKU-1", "SKU-5"]
    assert items(view(ROWS, "t.sort=-q", size=9)) == ["SKU-4", "SKU-6", "SKU-2", "SKU-0", "SKU-3", "SKU-1", "SKU-5"]


def test_a_heading_sorts_numbers_downwards_first_and_then_the_other_way() -> None:
    assert [heading.url for heading in view(ROWS).headings] == ["?t.sort=item", "?t.sort=-q"]
    sorted_by_q = view(ROWS, "t.sort=-q&t.page=2").headings[1]
    assert (sorted_by_q.sorted, sorted_by_q.url) == ("descending", "?t.sort=q")


def test_search_wants_every_word_somewhere_in_the_row() -> None:
    assert items(view(ROWS, "t.q=sku-2")) == ["SKU-2"]
    assert items(view(ROWS, "t.q=sku+40")) == ["SKU-6"]
    nothing = view(ROWS, "t.q=nowhere")
    assert (items(nothing), nothing.found, nothing.first_key()) == ([], 0, "")


def test_a_page_that_does_not_exist_becomes_one_that_does() -> None:
    assert view(ROWS, "t.page=99").page == 3
    assert view(ROWS, "t.page=0").page == 1
    assert view(ROWS, "t.page=two").page == 1
    assert view(ROWS, "t.page=" + "9" * 5000).page == 1


def test_addresses_that_make_no_sense_change_nothing() -> None:
    assert items(view(ROWS, "t.sort=-nothing&other.sort=q")) == ["SKU-0", "SKU-1", "SKU-2"]


def test_the_chosen_row_is_marked_and_keeps_the_rest_of_the_address() -> None:
    table = view(ROWS, "t.sort=item&row=SKU-1")
    assert [row.current for row in table.rows] == [False, True, False]
    assert table.rows[0].url == "?t.sort=item&row=SKU-0"
    assert table.next_url == "?t.sort=item&row=SKU-1&t.page=2"


def test_without_a_choice_the_first_row_is_the_chosen_one() -> None:
    table = view(ROWS)
    assert table.first_key() == "SKU-0"
    assert [row.current for row in table.rows] == [True, False, False]


def test_rows_without_detail_have_no_links() -> None:
    assert {row.url for row in view(ROWS, row_key="").rows} == {""}
    assert not any(row.current for row in view(ROWS, row_key="").rows)


def test_the_search_form_keeps_everything_but_its_own_words_and_page() -> None:
    assert view(ROWS, "t.q=x&t.page=2&row=SKU-1&b.q=y").kept == [("row", "SKU-1"), ("b.q", "y")]


def test_cells_are_written_with_their_unit() -> None:
    assert [row.cells[1].text for row in view(ROWS, size=9).rows] == [
        "5\N{NO-BREAK SPACE}pcs",
        "–",
        "12.5\N{NO-BREAK SPACE}pcs",
        "3\N{NO-BREAK SPACE}pcs",
        "unknown",
        "–",
        "40\N{NO-BREAK SPACE}pcs",
    ]


@given(st.lists(st.none() | st.integers() | st.text(max_size=5), max_size=40), st.sampled_from(["", "q", "-q"]))
def test_the_pages_together_are_the_table(values: list[Any], sort: str) -> None:
    rows = [{"item": str(number), "q": value} for number, value in enumerate(values)]
    pages = view(rows, f"t.sort={sort}").pages
    shown = [name for page in range(1, pages + 1) for name in items(view(rows, f"t.sort={sort}&t.page={page}"))]
    assert sorted(shown) == sorted(row["item"] for row in rows)
