"""Forms from models: whatever a model takes can be shown, sent and read again; nothing that was entered is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, ValidationError, create_model

from apps.common.errors import InvalidInput, Issue
from apps.console.schemaforms import SchemaForm, shape_of, sheets
from apps.console.schemaforms.secrets import MASK, dumped, kept, masked
from apps.console.schemaforms.shapes import MOST_ROWS
from tests.console.forms import Sent, html_of, round_trip, sent


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "very_fast"


class Level(IntEnum):
    ONE = 1
    TWO = 2


class Dose(BaseModel):
    drug: str
    dose: float | None = Field(default=None, gt=0, json_schema_extra={"unit": "mg"})
    when: Literal["morning", "evening"] = "morning"
    needed: bool = False


class Address(BaseModel):
    city: str
    zip: str | None = None


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Order(BaseModel):
    title: str
    lines: list[Dose] = []
    to: Address | None = None


# ------------------------------------------------------------------------------------------------------- any value

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=12)
lines = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=12)
floats = st.floats(allow_nan=False, allow_infinity=False)
json_leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | floats | lines
doses = st.builds(
    Dose,
    drug=texts.filter(str.strip),
    dose=st.none() | st.floats(min_value=0.001, max_value=1e9),
    when=st.sampled_from(["morning", "evening"]),
    needed=st.booleans(),
)
addresses = st.builds(Address, city=texts.filter(str.strip), zip=st.none() | texts)
pets = st.builds(Cat, lives=st.integers(0, 99)) | st.builds(Dog, name=texts.filter(str.strip))
orders = st.builds(Order, title=texts.filter(str.strip), lines=st.lists(doses, max_size=3), to=st.none() | addresses)
Long = Annotated[str, Field(max_length=5_000)]
LEAVES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, texts),
    (Long, lines),
    (int, st.integers()),
    (float, floats),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (Speed, st.sampled_from(Speed)),
    (Level, st.sampled_from(Level)),
    (Literal["one"], st.just("one")),
    (date, st.dates()),
    (time, st.times()),
    (datetime, st.datetimes(timezones=st.just(UTC)) | st.datetimes()),
    (timedelta, st.timedeltas(timedelta(days=-999), timedelta(days=999))),
    (Dose, doses),
    (Order, orders),
    (dict[str, int], st.dictionaries(lines, st.integers(-(2**53), 2**53), max_size=3)),
    (Any, st.recursive(json_leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=5)),
    (int | str, st.integers() | texts.filter(lambda text: not text.strip().isdecimal())),
    (list[str] | str, st.lists(texts.filter(str.strip), max_size=3) | texts),
    (Annotated[Cat | Dog, Field(discriminator="kind")], pets),
    (Annotated[Cat | Dog, Field(discriminator="kind")] | None, st.none() | pets),
    (list[Order], st.lists(orders, max_size=2)),
]


@st.composite
def models(draw: st.DrawFn) -> tuple[type[BaseModel], dict[str, Any]]:
    """A model of any fields, and a value for each."""
    fields: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 5))):
        annotation, strategy = draw(st.sampled_from(LEAVES))
        values_of = strategy
        if draw(st.booleans()) and annotation not in {Any}:
            many = strategy.filter(lambda value: not isinstance(value, str) or bool(value.strip()))
            annotation, values_of = list[annotation], st.lists(many, max_size=3)  # type: ignore[valid-type]
        if draw(st.booleans()) and annotation is not Any:
            annotation, values_of = annotation | None, st.none() | values_of
        name = f"f{number}"
        given = draw(values_of)
        default = draw(st.sampled_from([..., None] if type(None) in getattr(annotation, "__args__", ()) else [...]))
        fields[name] = (
            annotation,
            default if draw(st.booleans()) else draw(values_of) if given is not None else default,
        )
        values[name] = given
    return create_model("Made", **fields), values


@settings(max_examples=100, deadline=None)
@given(models())
def test_any_value_of_any_model_is_the_same_after_it_was_shown_and_sent(made: tuple[Any, dict[str, Any]]) -> None:
    model, values = made
    whole = model(**values)
    again = model.model_validate(round_trip(model, whole.model_dump(mode="json")))
    assert again == whole


# ------------------------------------------------------------------------------------------------------ what is shown


class Everything(BaseModel):
    count: int = Field(default=3, ge=1, le=9, description="How many.")
    dose: float | None = Field(default=None, json_schema_extra={"unit": "mg"})
    speed: Speed = Speed.SLOW
    mood: Literal["calm", "cross"] | None = None
    unit: Literal["mg/dL", "kWh"] = Field(default="kWh", json_schema_extra={"labels": {"kWh": "Kilowatt-hours"}})
    day: date | None = None
    at: datetime | None = None
    lasts: timedelta | None = None
    careful: bool = True
    maybe: bool | None = None
    made_of: str = Field(examples=["steel"])
    note: str = Field(default="", max_length=2_000)
    tags: list[str] = []
    doses: list[Dose] = []
    orders: list[Order] = []
    to: Address | None = None
    free: dict[str, int] = {}
    token: SecretStr | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    names: list[str] | str = Field(default=[], json_schema_extra={"form": "list", "suggest": True})
    either: list[int] | int = 1


def form_of(values: dict[str, str] | None = None, model: type[BaseModel] = Everything, **options: Any) -> SchemaForm:
    return SchemaForm(model, values or {}, **options)


def every(form: SchemaForm) -> list[Any]:
    """Every field of a form, those within others too."""
    found = list(form.fields)
    for each in found:
        found += each.parts
    return found


def fields(form: SchemaForm) -> dict[str, Any]:
    """The fields by their paths; of a union the alternative that was chosen."""
    return {each.name: each for each in every(form)}


def test_each_value_has_a_field_of_its_kind() -> None:
    assert {each.name: each.kind for each in form_of().fields} == {
        "count": "integer",
        "dose": "number",
        "speed": "choice",
        "mood": "choice",
        "unit": "choice",
        "day": "date",
        "at": "datetime",
        "lasts": "duration",
        "careful": "flag",
        "maybe": "choice",
        "made_of": "text",
        "note": "longtext",
        "tags": "list",
        "doses": "list",
        "orders": "list",
        "to": "union",
        "free": "json",
        "token": "secret",
        "pet": "union",
        "names": "list",
        "either": "union",
    }


def test_what_the_model_declares_is_shown() -> None:
    shown = fields(form_of())
    count, speed, unit = shown["count"], shown["speed"], shown["unit"]
    assert (count.value, count.help, count.required) == ("3", "How many.", False)
    assert speed.choices == [("", "None"), ("slow", "Slow"), ("very_fast", "Very fast")][1:] or speed.optional
    assert ("mg/dL", "mg/dL") in unit.choices
    assert ("kWh", "Kilowatt-hours") in unit.choices
    assert shown["mood"].choices[0] == ("", "None")
    assert shown["made_of"].required
    assert shown["made_of"].label == "Made of"
    assert "For example steel." in shown["made_of"].help
    assert "mg" in html_of(form_of())


def test_every_control_has_a_name_and_its_error_is_told_with_it() -> None:
    form = form_of({"count": "many", "tags.#": "1", "tags.0": "a"}, base={"made_of": "x"})
    form.refused([Issue(path="count", message="No number."), Issue(path="tags.0", message="Too short.")])
    page = Sent(html_of(form))
    labels = {given["for"] for tag, given in page.tags if tag == "label" and "for" in given}
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))
    for tag, has in page.tags:
        if tag in {"select", "textarea"} or (tag == "input" and has.get("type") not in {"hidden", "checkbox", "file"}):
            assert has["id"] in labels or has.get("aria-label"), has
        if has.get("aria-describedby"):
            assert has["aria-describedby"] in ids
    wrong = {given["name"] for _, given in page.tags if given.get("aria-invalid") == "true"}
    assert wrong == {"count", "tags.0"}


def test_whatever_was_entered_is_kept_where_it_is_wrong() -> None:
    values = {
        "count": "many", "speed": "warp", "day": "31.12.2026", "at": "noon", "free": "{", "dose": "2,5",
        "doses.#": "2", "doses.0.drug": "a\nb", "doses.0.dose": "lots", "doses.1.when": "never", "doses.1.drug": "c",
    }  # fmt: skip
    form = form_of(values)
    again = sent(form)
    for path, text in values.items():
        assert again[path].replace("\r", "") == text, path
    with pytest.raises(InvalidInput) as refused:
        form.data()
    assert [issue.path for issue in refused.value.issues] == ["free"]
    form.refused(refused.value.issues)
    assert "This is not JSON" in fields(form)["free"].error


def test_nothing_that_was_entered_runs_in_the_page() -> None:
    bad = "\"><script>alert(1)</script>'&<"
    values = {
        "made_of": bad, "count": bad, "speed": bad, "note": bad, "free": bad, "day": bad, "tags.#": "1", "tags.0": bad,
        "doses.#": "1", "doses.0.drug": bad, "doses.0.when": bad, "doses.&": bad, "to.?": bad, bad: bad,
    }  # fmt: skip
    form = form_of(values)
    form.refused([Issue(path="count", message=bad), Issue(path="tags.0", message=bad), Issue(path="to", message=bad)])
    html = html_of(form)
    assert "<script" not in html
    assert Sent(html).values["doses.0.drug"] == bad


# ------------------------------------------------------------------------------------------------- errors by their path


def told(model: type[BaseModel], values: dict[str, str], **options: Any) -> tuple[dict[str, str], list[Issue]]:
    """What the form says of each field, and what of none, after the model has looked."""
    form = SchemaForm(model, values, **options)
    with pytest.raises(ValidationError) as error:
        model.model_validate(form.data())
    form.refused(InvalidInput.from_pydantic(error.value, path=form.root).issues)
    return {each.name: each.error for each in every(form) if each.error}, form.other_issues


@pytest.mark.parametrize("root", ["", "settings"])
def test_an_error_stands_at_its_field_however_deep(root: str) -> None:
    prefix = f"{root}." if root else ""
    values = {
        "made_of": "x",
        "count": "10",
        "doses.#": "2",
        "doses.0.drug": "a",
        "doses.1.drug": "b",
        "doses.1.dose": "-1",
        "orders.#": "1",
        "orders.0.title": "t",
        "orders.0.lines.#": "1",
        "orders.0.lines.0.drug": "c",
        "orders.0.lines.0.dose": "much",
        "orders.0.to.?": "0",
        "orders.0.to.zip": "1",
        "pet.?": "1",
        "free": '{"a": "no number"}',
    }
    errors, others = told(Everything, {f"{prefix}{name}": text for name, text in values.items()}, root=root)
    assert {name.removeprefix(prefix) for name in errors} == {
        "count", "doses.1.dose", "orders.0.lines.0.dose", "orders.0.to.city", "pet.name", "free",
    }  # fmt: skip
    assert errors[f"{prefix}free"].startswith("a: ")
    assert others == []


def test_of_a_union_only_what_is_against_the_chosen_alternative_is_told() -> None:
    class Either(BaseModel):
        value: list[int] | int

    errors, _ = told(Either, {"value.?": "0", "value.#": "2", "value.0": "1", "value.1": "x"})
    assert list(errors) == ["value.1"]
    errors, _ = told(Either, {"value.?": "1", "value": "x"})
    assert list(errors) == ["value"]
    assert "integer" in errors["value"]
    assert "list" not in errors["value"]


def test_an_issue_of_no_field_is_not_lost() -> None:
    form = form_of()
    issues = [
        Issue(message="All of it."),
        Issue(path="elsewhere.3", message="Not here."),
        Issue(path="doses.9.dose", message="No such row."),
    ]
    form.refused(issues)
    assert form.other_issues == issues[:2]
    assert fields(form)["doses"].error == "9.dose: No such row."


# ----------------------------------------------------------------------------------------------------------------- rows


def rows(form: SchemaForm, path: str = "doses") -> list[dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, text in form.values().items():
        place, _, rest = name.removeprefix(f"{path}.").partition(".")
        if name.startswith(f"{path}.") and place.isdecimal():
            found.setdefault(place, {})[rest] = text
    return list(found.values())


THREE = {"doses.#": "3", "doses.0.drug": "a", "doses.1.drug": "b", "doses.1.dose": "x", "doses.2.drug": "c"}


@pytest.mark.parametrize(
    ("edit", "drugs"),
    [
        ("add doses", "abc "),
        ("remove doses.1", "ac"),
        ("up doses.1", "bac"),
        ("down doses.1", "acb"),
        ("up doses.0", "abc"),
        ("down doses.2", "abc"),
        ("remove doses.9", "abc"),
        ("remove doses", "abc"),
        ("remove nothing.1", "abc"),
        ("add count", "abc"),
        ("fill doses x y", "abc"),
        ("show pet", "abc"),
        ("", "abc"),
    ],
)
def test_a_button_changes_rows_and_nothing_else(edit: str, drugs: str) -> None:
    form = form_of({**THREE, "count": "many"})
    form.edit(edit)
    shown = fields(form)["doses"]
    assert "".join(line[0].value or " " for line in shown.lines) == drugs
    assert sent(form)["count"] == "many"
    if "b" in drugs:
        assert sent(form)[f"doses.{drugs.index('b')}.dose"] == "x"


def test_rows_in_rows_are_changed_where_they_stand() -> None:
    form = form_of({"orders.#": "2", "orders.0.title": "a", "orders.1.title": "b", "orders.1.lines.#": "0"})
    form.edit("add orders.1.lines")
    assert [len(fields(form)[f"orders.{n}.lines"].parts) for n in (0, 1)] == [1, 1]
    assert fields(form)["orders.1.lines.0.drug"].value == ""


def test_a_row_in_which_nothing_was_entered_is_no_row() -> None:
    form = form_of(sent(form_of()) | {"made_of": "x"})
    assert form.data()["doses"] == form.data()["tags"] == form.data()["names"] == []
    kept = form_of({**THREE, "doses.1.drug": "", "doses.1.dose": ""})
    assert [row["drug"] for row in kept.data()["doses"]] == ["a", "c"]


def test_a_row_that_lacks_something_is_told_rather_than_dropped() -> None:
    errors, _ = told(Everything, {"made_of": "x", "doses.#": "1", "doses.0.drug": "", "doses.0.dose": "5"})
    assert list(errors) == ["doses.0.drug"]


def test_a_list_of_which_all_rows_are_removed_is_empty_and_not_as_the_model_has_it() -> None:
    class Preset(BaseModel):
        tags: list[str] = Field(default_factory=lambda: ["first"])

    assert [row.value for row in fields(SchemaForm(Preset, {}))["tags"].parts] == ["first"]
    assert SchemaForm(Preset, {}).data() == {}
    form = SchemaForm(Preset, sent(SchemaForm(Preset, {})))
    form.edit("remove tags.0")
    assert SchemaForm(Preset, sent(form)).data() == {"tags": []}


# ---------------------------------------------------------------------------------------------------- from spreadsheets


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("Drug\tDose (mg)\tNeeded\tWhen\naspirin\t5\tyes\tEvening\nibuprofen\t\tno\t\n", "fill doses"),
        ("drug,dose,needed,when\naspirin,5,x,evening\nibuprofen,,,", "fill doses"),
        ("aspirin;5;evening;TRUE\nibuprofen;;;", "fill doses"),
        ("aspirin\t5\tevening\t1\nibuprofen\t\t\t", "fill doses 0 0"),
    ],
)
def test_rows_of_a_spreadsheet_become_rows(text: str, edit: str) -> None:
    form = form_of({"doses.&": text, "doses.#": "1", "doses.0.drug": "", "doses.0.when": "morning"})
    form.edit(edit)
    found = form_of(sent(form)).data()["doses"]
    assert found[0] == {"drug": "aspirin", "dose": 5, "when": "evening", "needed": True}
    assert found[1] == {"drug": "ibuprofen", "when": "morning", "needed": False} or found[1]["dose"] is None
    assert len(found) == 2
    assert "doses.&" not in form.values()


def test_pasting_puts_cells_over_what_stands_there_and_after_it_what_is_uploaded() -> None:
    form = form_of({**THREE, "doses.&": "7\tevening\n8\tmorning\n9\tmorning"})
    form.edit("fill doses 1 1")
    assert [row.get("dose", "") for row in rows(form)] == ["", "7", "8", "9"]
    assert [row.get("drug", "") for row in rows(form)] == ["a", "b", "c", ""]
    assert form.note == "1 rows were added."
    form = form_of({**THREE, "doses.&": "ignored"})
    form.edit("fill doses", file="a file", read_file=lambda file: [["drug", "colour"], ["d", "red"]])
    assert [row["drug"] for row in rows(form)] == ["a", "b", "c", "d"]
    assert "There is no place for colour" in form.note


def test_names_are_pasted_a_row_each_and_keep_their_commas() -> None:
    form = form_of({"names.&": "insulin, regular; aspirin\nibuprofen\n\n"})
    form.edit("fill names")
    assert form_of(sent(form)).data()["names"] == ["insulin, regular", "aspirin", "ibuprofen"]


def test_text_that_is_no_table_is_told_at_the_list_and_changes_nothing() -> None:
    form = form_of({**THREE, "doses.&": 'drug,dose\n"a,5'})
    with pytest.raises(InvalidInput) as refused:
        form.edit("fill doses")
    assert [issue.path for issue in refused.value.issues] == ["doses"]
    assert len(rows(form)) == 3
    form.refused(refused.value.issues)
    assert sent(form)["doses.0.drug"] == "a"


def test_more_rows_than_a_page_takes_become_json_and_none_is_lost() -> None:
    form = form_of({"doses.&": "\n".join(f"drug {n}\t{n + 1}" for n in range(MOST_ROWS + 5)), "made_of": "x"})
    form.edit("fill doses")
    assert "more than the 300" in form.note
    assert fields(form)["doses"].kind == "json"
    found = form_of(sent(form)).data()["doses"]
    assert len(found) == MOST_ROWS + 5
    assert found[-1]["drug"] == f"drug {MOST_ROWS + 4}"
    names = form_of({"names.&": "\n".join(f"n{n}" for n in range(MOST_ROWS + 5))})
    names.edit("fill names")
    assert len(form_of(sent(names)).data()["names"]) == MOST_ROWS + 5


@pytest.mark.parametrize("count", ["999999999999", "-1", "x", "5000"])
def test_a_count_that_nobody_sent_rows_for_makes_no_page_of_rows(count: str) -> None:
    assert len(fields(form_of({"doses.#": count}))["doses"].parts) <= 2_000
    assert form_of({"doses.#": count, "made_of": "x"}).data()["doses"] == []


def test_a_path_without_end_is_not_followed() -> None:
    form_of({".".join(["to"] * 100_000): "x", "doses." * 30: "y", "..": "z"}).data()


# -------------------------------------------------------------------------------------------------------------- secrets


class Login(BaseModel):
    user: str
    password: SecretStr


class Connection(BaseModel):
    host: str = ""
    token: SecretStr | None = None
    needed: SecretStr = SecretStr("")
    others: list[Login] = []


HELD = {
    "token": "hush-1",
    "needed": "hush-2",
    "others": [{"user": "a", "password": "hush-3"}, {"user": "b", "password": "hush-4"}],
}


def test_a_secret_is_never_shown_and_stays_as_it_is() -> None:
    form = SchemaForm(Connection, {}, base=HELD, held=HELD)
    assert "hush" not in html_of(form)
    assert "Set, and not shown" in html_of(form)
    assert SchemaForm(Connection, sent(form), held=HELD).data() == HELD
    entered = SchemaForm(Connection, {"token": "brand-new"}, held=HELD)
    assert "brand-new" not in html_of(entered)


def test_a_secret_is_replaced_and_removed() -> None:
    values = sent(SchemaForm(Connection, {}, base=HELD, held=HELD))
    assert SchemaForm(Connection, values | {"token": "new"}, held=HELD).data()["token"] == "new"
    assert "token" not in SchemaForm(Connection, values | {"token.!": "yes"}, held=HELD).data()


def test_a_secret_goes_with_its_row() -> None:
    form = SchemaForm(Connection, sent(SchemaForm(Connection, {}, base=HELD, held=HELD)), held=HELD)
    form.edit("up others.1")
    found = SchemaForm(Connection, sent(form), held=HELD).data()["others"]
    assert found == [HELD["others"][1], HELD["others"][0]]


def test_what_is_shown_of_data_with_secrets_can_be_sent_back() -> None:
    shape = shape_of(Connection)
    shown = masked(shape, HELD)
    assert "hush" not in str(shown)
    assert kept(shape, shown, HELD) == HELD
    assert kept(shape, {"token": MASK}, {}) == {"token": None}
    assert dumped(Connection.model_validate(HELD)) == {"host": "", **HELD}


@pytest.mark.parametrize("place", ["doses.999999.drug", "names.999999", "doses.99999.needed"])
def test_a_row_far_behind_those_that_were_sent_makes_no_rows_between(place: str) -> None:
    form = form_of({place: "x", "doses.0.drug": "aspirin", "names.0": "tea", "made_of": "x"})
    assert [len(fields(form)[name].parts) for name in ("doses", "names")] == [1, 1]
    assert form.data()["names"] == ["tea"]


def test_cells_go_no_further_than_behind_the_last_row() -> None:
    form = form_of({**THREE, "doses.&": "d\t7"})
    form.edit("fill doses 999999 0")
    assert [row["drug"] for row in rows(form)] == ["a", "b", "c", "d"]
    names = form_of({"names.0": "tea", "names.&": "milk"})
    names.edit("fill names 999999 0")
    assert form_of(sent(names)).data()["names"] == ["tea", "milk"]


@pytest.mark.parametrize(("path", "text"), [("doses", "a\t1\n"), ("names", "a\n"), ("names", "a;")])
def test_more_rows_than_a_form_takes_are_refused_and_nothing_is_changed(
    path: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 10)
    form = form_of({f"{path}.&": text * 11, f"{path}.0": "kept"})
    with pytest.raises(InvalidInput, match="more than the 10 rows that go into a form") as refused:
        form.edit(f"fill {path}")
    assert [issue.path for issue in refused.value.issues] == [path]
    assert f"{path}.1" not in form.values()
    fits = form_of({f"{path}.&": text * 10})
    fits.edit(f"fill {path}")
    assert fits.note == "10 rows were added."
