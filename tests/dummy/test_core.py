"""The core knows no industry: it names none, none of their agents, and speaks no language of a field.

What is looked for is derived from the industries that are installed (labels, keys and classes of agents) and from words
of their fields. A word that the core needs in another sense stands in `MEANT`, with the place and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.agents.contract import AGENTS
from apps.common.industries import industries
from tests.running import ROOT

FIELDS = """
    finance: bank invoice loan fraud payment payee creditor debtor portfolio equity treasury underwriting
    healthcare: patient drug medicine medication dose allergy clinical clinician hospital diagnosis fhir rxnorm renal
    retail: forecast forecaster sku shopper basket restock merchandise shelf retailer
    manufacturing: gauge spc nelson cpk xbar subgroup defect inspector cusum ewma
    logistics: shipment shipping freight carrier depot warehouse fleet consignment lading
    tech: incident repository kubernetes pullrequest
"""
"""Words of each field. Those that a platform needs as well are left out: account, order, card, alert, demand."""

MEANT: dict[tuple[str, str], str] = {
    **{
        (f"apps/common/{name}.py", "patient"): "numbers of people that nobody else must see, by their labels"
        for name in (
            *("redaction", "detectors/__init__", "detectors/_forms", "detectors/checkdigits"),
            *("detectors/credentials", "detectors/numbers"),
        )
    },
    ("apps/common/detectors/checkdigits.py", "payment"): "the check digit of ISO/IEC 7812 is that of payment cards",
    ("apps/common/detectors/checkdigits.py", "bank"): "an IBAN is the number of a bank account",
    ("apps/common/detectors/numbers.py", "bank"): "an IBAN is the number of a bank account",
    ("apps/ai/masking/values.py", "patient"): "names of fields whose values are masked",
    **{
        (f"apps/ai/usage/{name}.py", "forecast"): "what will have been spent when the month ends"
        for name in ("__init__", "alerts", "api", "forecast", "ledger", "shown")
    },
    ("apps/common/synthetic.py", "bank"): "the calendar of public holidays is that of banks",
    ("apps/dispatch/metrics.py", "gauge"): "a kind of metric of Prometheus",
    ("orchestrall/settings/test.py", "dummy"): "the settings of the tests",
    ("orchestrall/settings/web.py", "payment"): "a feature of browsers, which the policy turns off",
}

CORE = ["orchestrall", "run.py", "manage.py"]
ENDINGS = {".py", ".html", ".js", ".css", ".mjs", ".txt", ".svg", ".json", ".yaml", ".sql"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def core() -> Iterator[Path]:
    """Every source of the core: apps, templates and static files but those of industries, and what composes them."""
    packs = set(industries())
    folders = [path for top in ("apps", "templates", "static") for path in (ROOT / top).iterdir()]
    for start in [*(path for path in folders if path.name not in packs), *(ROOT / name for name in CORE)]:
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.suffix in ENDINGS and "__pycache__" not in path.parts:
                yield path


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, parts of `snake_case` and `CamelCase` each by itself."""
    return [word.lower() for word in _WORD.findall(text)]


def vocabulary() -> set[str]:
    """What the core must not say: labels of industries, and words of fields."""
    listed = {word for line in FIELDS.strip().splitlines() for word in line.partition(":")[2].split()}
    return listed | set(industries())


def names() -> set[str]:
    """Names of agents as code would write them, each of several words: the words alone may be anybody's."""
    found = {agent.key.partition(".")[2] for agent in AGENTS if agent.industry != "dummy"}
    found |= {type(agent).__name__ for agent in AGENTS if agent.industry != "dummy"}
    return found | {agent.title for agent in AGENTS if agent.industry != "dummy"}


def said(path: Path, bad: set[str]) -> set[tuple[str, str]]:
    """The words of `bad` that a file says, in singular or plural, with the file's name."""
    found = set()
    for word in set(words_of(path.read_text())):
        for form in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ing")):
            if form in bad:
                found.add((str(path.relative_to(ROOT)), form))
    return found


def test_the_core_speaks_no_language_of_a_field() -> None:
    found = {each for path in core() for each in said(path, vocabulary())}
    assert found - set(MEANT) == set()


def test_the_core_names_no_agent() -> None:
    wanted = names()
    assert {"demand_forecaster", "DrugChecker", "Quality Inspector"} <= wanted
    named = [(str(path.relative_to(ROOT)), name) for path in core() for name in wanted if name in path.read_text()]
    assert named == []


def test_what_is_excused_is_there() -> None:
    found = {each for path in core() for each in said(path, vocabulary())}
    assert set(MEANT) - found == set()


def test_the_core_that_is_looked_at_is_all_of_it() -> None:
    looked = {path.relative_to(ROOT).parts[:2] for path in core()}
    for app in ("common", "agents", "workflows", "dispatch", "console", "tenants", "datasets", "operations"):
        assert ("apps", app) in looked
    assert {("templates", "agents"), ("static", "console"), ("orchestrall", "settings"), ("run.py",)} <= looked
    assert not {("apps", key) for key in industries()} & looked


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("from apps.retail import x", "retail"), ("class DrugChecker:", "drug"), ("def forecast_all()", "forecast"),
        ('{"medications": []}', "medication"), ("<p>Your shipments</p>", "shipment"), ("XMLForecasts", "forecast"),
        ("Forecasting", "forecast"),
    ],
)  # fmt: skip
def test_a_word_is_found_in_any_dress(text: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.dummy.test_core.ROOT", tmp_path)
    (tmp_path / "some.py").write_text(text)
    assert said(tmp_path / "some.py", vocabulary()) == {("some.py", word)}
