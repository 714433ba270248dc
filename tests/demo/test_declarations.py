"""What the industries declare for the demonstration: whole, the same everywhere, and fit for the agent they run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars
import pytest
from django.utils import timezone

from apps.agents.contract import AGENTS, RunContext
from apps.common.demo import DemoDataset, DemoTenant, demo_tenants
from apps.common.industries import industries
from apps.common.permissions import ROLES

ROOT = Path(__file__).resolve().parents[2]
DEMOS = {demo.slug: demo for demo in demo_tenants() if demo.industry != "dummy"}
DATASETS = {dataset.name: dataset for demo in DEMOS.values() for dataset in demo.datasets}
FORECASTER = "retail.demand_forecaster"
# How the forecaster is to read each: its item, period and quantity, how often, and how many series.
READ_AS = {
    "Daily cash withdrawals": ("branch", "date", "withdrawals", "daily", 10),
    "Card authorisations per hour": ("", "hour", "", "hourly", 4),
    "Daily emergency admissions": ("ward", "date", "admissions", "daily", 8),
    "Monthly drug consumption": ("drug", "month", "packs", "monthly", 14),
    "Weekly unit sales": ("item", "week", "units", "weekly", 25),
    "Daily store sales": ("store", "date", "sales", "daily", 8),
    "Weekly spare-part demand": ("part", "week", "quantity", "weekly", 24),
    "Monthly production": ("line", "month", "units", "monthly", 6),
    "Daily parcels": ("depot", "date", "parcels", "daily", 8),
    "Weekly diesel": ("depot", "week", "litres", "weekly", 8),
    "Requests per hour": ("", "hour", "", "hourly", 6),
    "Daily support tickets": ("queue", "date", "tickets", "daily", 5),
}
# What another agent is to make of a dataset that is its own, by itself.
OF_OTHERS = {
    "Housing bores": (
        "manufacturing.quality_inspector",
        "4 charts; Bearing seat A has 135 samples of 675 measurements",
    ),
    "Leak tests of castings": ("manufacturing.quality_inspector", "45 samples"),
    "Ward medication charts": ("healthcare.drug_checker", "48 patients, 129 medications: 127 known, 2 unknown"),
    "Gauge study of seat A": ("manufacturing.quality_inspector", "3 operators measured 10 parts 3 times each"),
}
# Of the tables as CSV. They change when a generator does; they must not change with the machine.
DIGESTS = {
    "Daily cash withdrawals": "c5e1434310f228f1",
    "Card authorisations per hour": "25a8328923be4ac1",
    "Daily emergency admissions": "1cd6b06917813998",
    "Monthly drug consumption": "c55124657daba532",
    "Weekly unit sales": "5b4ffe47fbfadd46",
    "Daily store sales": "9ceadecb21e88191",
    "Weekly spare-part demand": "8b1768b768b66fae",
    "Monthly production": "f2f69ec02e1d9c32",
    "Daily parcels": "9d8c599510739a21",
    "Weekly diesel": "c2a1c7ce17b521d8",
    "Requests per hour": "600dec761480de55",
    "Daily support tickets": "faee09ec8a0f4dcc",
    "Housing bores": "d08e19127f8d9b7f",
    "Leak tests of castings": "0e02bd1440126cce",
    "Ward medication charts": "9080f73ec35528de",
    "Gauge study of seat A": "d9cf35c92d8c9853",
}


def digest(frame: polars.DataFrame) -> str:
    return hashlib.sha256(frame.write_csv().encode()).hexdigest()[:16]


def alone(code: str) -> str:
    """What a fresh process prints that runs `code` with the program's settings, but touches no server."""
    told = {**os.environ, "DJANGO_SETTINGS_MODULE": "orchestrall.settings.development", "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=told, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_industry_has_one_demo_tenant() -> None:
    assert sorted(demo.industry for demo in DEMOS.values()) == sorted(set(industries()) - {"dummy"})
    assert len(DEMOS) == 6


@pytest.mark.parametrize("demo", DEMOS.values(), ids=DEMOS)
def test_a_demo_tenant_has_one_person_for_every_role(demo: DemoTenant) -> None:
    assert [person.role for person in demo.people] == list(ROLES)
    assert len({person.name for person in demo.people}) == len(ROLES)


@pytest.mark.parametrize("demo", DEMOS.values(), ids=DEMOS)
def test_a_demo_tenant_has_its_own_pack_and_the_one_of_the_forecaster(demo: DemoTenant) -> None:
    assert demo.industries == tuple(dict.fromkeys([demo.industry, "retail"]))


@pytest.mark.parametrize("demo", DEMOS.values(), ids=DEMOS)
def test_every_run_names_an_enabled_agent_and_a_dataset_of_the_tenant(demo: DemoTenant) -> None:
    assert len(demo.runs) >= 2
    for run in demo.runs:
        assert AGENTS[run.agent].industry in demo.industries
        assert run.dataset in {dataset.name for dataset in demo.datasets}


def test_no_two_datasets_share_a_name() -> None:
    assert len(DATASETS) == sum(len(demo.datasets) for demo in DEMOS.values())
    assert DATASETS.keys() == READ_AS.keys() | OF_OTHERS.keys()


@pytest.mark.parametrize("name", OF_OTHERS)
def test_another_agent_understands_its_own_dataset_by_itself(name: str) -> None:
    key, summary = OF_OTHERS[name]
    agent, frame = AGENTS[key], DATASETS[name].frame()
    data = agent.input_type.model_validate({agent.table_field: {"rows": [{"stands": "for the dataset"}]}})
    assert agent.inspect(data, RunContext(now=timezone.now(), load=lambda _: frame)).summary == summary


@pytest.mark.parametrize("dataset", [DATASETS[name] for name in READ_AS], ids=READ_AS)
def test_the_agent_reads_each_dataset_as_it_is_meant_and_by_itself(dataset: DemoDataset) -> None:
    agent, frame = AGENTS[FORECASTER], dataset.frame()
    data = agent.input_type.model_validate({"history": {"rows": [{"stands": "for the dataset"}]}})
    found = agent.inspect(data, RunContext(now=timezone.now(), load=lambda _: frame))
    understood = {each.path: each.value for each in found.understood}
    roles = [understood.get(f"history.columns.{role}", "") for role in ("item", "period", "quantity")]
    series = int(found.summary.partition(" series")[0])
    assert (*roles, understood["frequency"], series) == READ_AS[dataset.name]


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_the_data_is_the_same_on_every_machine(dataset: DemoDataset) -> None:
    assert digest(dataset.frame()) == DIGESTS[dataset.name]


def test_the_data_does_not_depend_on_the_process_that_makes_it() -> None:
    code = """
import json
import django; django.setup()
from tests.demo.test_declarations import DATASETS, digest
print(json.dumps({name: digest(dataset.frame()) for name, dataset in DATASETS.items()}))
"""
    assert json.loads(alone(code)) == DIGESTS


def test_declaring_the_demonstration_loads_no_library_for_tables() -> None:
    code = """
import sys
from apps.finance import demo as a; from apps.healthcare import demo as b; from apps.retail import demo as c
from apps.manufacturing import demo as d; from apps.logistics import demo as e; from apps.tech import demo as f
print({"polars", "numpy", "pandas", "pyarrow"} & set(sys.modules))
"""
    assert alone(code) == "set()"


def test_web_and_workers_load_nothing_of_the_demonstration() -> None:
    code = """
import sys
import orchestrall.asgi, orchestrall.celery
from django.urls import get_resolver
get_resolver().url_patterns
print([name for name in sys.modules if name.startswith("apps.") and name.endswith(".demo")], "polars" in sys.modules)
"""
    assert alone(code) == "['apps.common.demo'] False"


def test_storing_and_inspecting_generated_data_loads_no_forecasting_library() -> None:
    code = """
import sys, tempfile
from pathlib import Path
import django; django.setup()
from django.utils import timezone
from apps.agents.contract import AGENTS, RunContext
from apps.datasets.reading import columnar
from tests.demo.test_declarations import DATASETS, READ_AS
agent = AGENTS["retail.demand_forecaster"]
data = agent.input_type.model_validate({"history": {"rows": [{"stands": "for the dataset"}]}})
with tempfile.TemporaryDirectory() as folder:
    for dataset in DATASETS.values():
        frame = dataset.frame()
        frame.write_parquet(Path(folder, "source"))
        columnar.store(Path(folder, "source"), Path(folder, "target"))
        if dataset.name in READ_AS:
            agent.inspect(data, RunContext(now=timezone.now(), load=lambda _: frame))
print({"pandas", "statsforecast", "numba", "scipy", "sklearn"} & set(sys.modules))
"""
    assert alone(code) == "set()"


@pytest.mark.slow
@pytest.mark.parametrize("slug", DEMOS)
def test_every_run_of_the_demonstration_succeeds(slug: str) -> None:
    for run in DEMOS[slug].runs:
        agent, frame = AGENTS[run.agent], DATASETS[run.dataset].frame()
        data = agent.input_type.model_validate({**run.input, agent.table_field: {"rows": [{"stands": "for it"}]}})
        report: Any = agent.run(data, agent.settings_type(), RunContext(now=timezone.now(), load=lambda _, f=frame: f))  # type: ignore[misc]
        assert agent.headline(report)
        if run.agent == FORECASTER:
            assert len(report.series) == READ_AS[run.dataset][-1]
