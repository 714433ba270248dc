"""Making the demo tenants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.agents.models import AgentRun
from apps.common.demo import PASSWORD, DemoTenant, demo_tenants
from apps.common.permissions import ROLES
from apps.datasets.models import Dataset
from apps.datasets.selectors import dataset_frame
from apps.dispatch.models import WorkRow
from apps.operations import demo
from apps.operations.services import installation_prepare
from apps.tenants import services
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant
from apps.workflows.models import Workflow, WorkflowRun

Declare = Callable[..., list[DemoTenant]]


@pytest.fixture(autouse=True)
def declare(data: None, monkeypatch: pytest.MonkeyPatch) -> Declare:
    """`declare("tetra", "nimbus")`: let only these be declared, for the time that making them takes; here the plant."""
    every = list(demo_tenants())

    def choose(*slugs: str, **fields: Any) -> list[DemoTenant]:
        chosen = [replace(each, **fields) for each in every if each.slug in slugs]
        monkeypatch.setattr(demo, "demo_tenants", lambda: iter(chosen))
        return chosen

    choose("tetra")
    return choose


def seed() -> list[str]:
    told: list[str] = []
    demo.seed(tell=told.append)
    return told


def tetra() -> Tenant:
    tenant: Tenant = Tenant.objects.get(slug="tetra")
    return tenant


@pytest.fixture
def inside() -> Iterator[Tenant]:
    """The plant's tenant, made and entered."""
    seed()
    tenant = tetra()
    with tenant_context(tenant):
        yield tenant


def counts() -> tuple[int, ...]:
    with tenant_context(tetra()):
        return tuple(model.objects.count() for model in (User, Dataset, AgentRun, Workflow, WorkflowRun))


def files(tenant: str) -> list[str]:
    from django.conf import settings

    return sorted(path.name for path in Path(settings.VAR, "files", tenant).rglob("*") if path.is_file())


def test_missing_demo_tenants_are_made_and_told(declare: Declare) -> None:
    declare("tetra", "nimbus")
    assert seed() == ["Making demo tenant 1 of 2: Tetra Drives", "Making demo tenant 2 of 2: Nimbus Software"]
    made = list(Tenant.objects.filter(is_demo=True).values_list("slug", "name", "industry", "industries", "status"))
    assert made == [
        ("nimbus", "Nimbus Software", "tech", ["tech", "retail"], "ready"),
        ("tetra", "Tetra Drives", "manufacturing", ["manufacturing", "retail"], "ready"),
    ]


def test_a_person_of_every_role_signs_in_with_the_demo_password(inside: Tenant) -> None:
    people = {user.role: user for user in User.objects.all()}
    assert people.keys() == ROLES.keys()
    for role, user in people.items():
        assert user.email == f"{role}@tetra.example"
        assert not user.is_staff
        browser = Client(headers={"host": "tetra.localhost"})
        answer = browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, "/"), role


def test_nobody_signs_in_with_a_session_of_the_same_person_elsewhere(inside: Tenant) -> None:
    browser = Client(headers={"host": "tetra.localhost"})
    browser.post("/accounts/login/", {"login": "owner@tetra.example", "password": PASSWORD})
    assert browser.get("/", headers={"host": "tetra.localhost"}).status_code == 200
    assert browser.get("/", headers={"host": "acme.localhost"}).status_code == 302


def test_the_data_is_stored_as_it_is_declared_and_marked(inside: Tenant, declare: Declare) -> None:
    stored = {dataset.name: dataset for dataset in Dataset.objects.all()}
    assert stored.keys() == {
        "Weekly spare-part demand", "Monthly production", "Housing bores", "Leak tests of castings",
        "Gauge study of seat A",
    }  # fmt: skip
    for each in declare("tetra")[0].datasets:
        dataset = stored[each.name]
        assert (dataset.is_demo, dataset.filename) == (True, each.filename)
        assert dataset.created_by is not None
        assert dataset.created_by.role == "builder"
        assert dataset_frame(dataset).drop("__row__").equals(each.frame())
    assert files("t_tetra") == sorted(f"{dataset.pk}.parquet" for dataset in stored.values())


def test_the_runs_wait_for_a_worker(inside: Tenant) -> None:
    runs = list(AgentRun.objects.order_by("id"))
    assert [(run.source, run.status, run.origin, run.is_demo) for run in runs] == [
        ("Weekly spare-part demand", "queued", "demo", True),
        ("Monthly production", "queued", "demo", True),
        ("Housing bores", "queued", "demo", True),
        ("Leak tests of castings", "queued", "demo", True),
        ("Gauge study of seat A", "queued", "demo", True),
    ]
    rows = WorkRow.objects.filter(tenant="t_tetra", kind="agents.run").values_list("id", flat=True)
    assert set(rows) == {run.pk for run in runs}


def test_the_blueprints_of_the_industry_are_published_with_a_run_for_each_of_their_samples(inside: Tenant) -> None:
    workflows = list(Workflow.objects.select_related("published", "created_by").order_by("name"))
    assert [(each.name, each.is_demo) for each in workflows] == [("line-release", True), ("spare-parts", True)]
    for workflow in workflows:
        assert workflow.created_by is not None
        assert workflow.created_by.role == "builder"
        assert workflow.published is not None
        assert (workflow.published.number, workflow.published.note) == (1, "As it came")
    runs = list(WorkflowRun.objects.order_by("id"))
    assert [(run.status, run.origin, run.is_demo) for run in runs] == [("queued", "demo", True)] * 6
    stored = Dataset.objects.get(name="Weekly spare-part demand")
    assert {run.inputs["demand"] for run in runs if "demand" in run.inputs} == {str(stored.pk)}
    rows = WorkRow.objects.filter(tenant="t_tetra", kind="workflows.run").values_list("id", flat=True)
    assert set(rows) == {run.pk for run in runs}


def test_a_second_time_costs_one_query_and_changes_nothing(inside: Tenant) -> None:
    before = counts()
    with CaptureQueriesContext(connection) as asked:
        assert seed() == []
    assert [query["sql"].split()[0] for query in asked if not query["sql"].startswith("SET search_path")] == ["SELECT"]
    assert counts() == before


def test_what_people_changed_stays(inside: Tenant) -> None:
    Dataset.objects.filter(name="Monthly production").delete()
    User.objects.filter(role="viewer").update(name="Somebody Else", is_active=False)
    seed()
    assert not Dataset.objects.filter(name="Monthly production").exists()
    assert User.objects.get(role="viewer").name == "Somebody Else"


@pytest.mark.parametrize("step", ["user_create", "dataset_from_frame", "run_start", "sample_inputs"])
def test_what_was_interrupted_is_finished_and_nothing_is_there_twice(
    committed_db: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real, calls = getattr(demo, step), list[int]()

    def killed(**given: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**given)

    with monkeypatch.context() as patched:
        patched.setattr(demo, step, killed)
        with pytest.raises(KeyboardInterrupt):
            seed()
    assert (tetra().status, counts()) == ("creating", (0, 0, 0, 0, 0))
    told: list[str] = []
    installation_prepare(tell=told.append)
    assert told == ["Finishing tenant tetra"]
    assert seed() == []
    assert (tetra().status, counts(), len(files("t_tetra"))) == ("ready", (7, 5, 5, 2, 6), 5)


def test_a_stop_before_the_schema_is_made_is_made_good(committed_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(services, "tenant_provision", lambda **_: None)
        seed()
    assert tetra().status == "creating"
    installation_prepare(tell=lambda _: None)
    assert (tetra().status, counts()) == ("ready", (7, 5, 5, 2, 6))


def test_a_demo_tenant_that_was_deleted_comes_back(committed_db: str) -> None:
    seed()
    services.tenant_delete(tenant=tetra(), now=True)
    assert seed() == ["Making demo tenant 1 of 1: Tetra Drives"]
    assert counts() == (7, 5, 5, 2, 6)


def test_a_customer_at_the_address_of_a_demo_tenant_is_left_alone(acme: Tenant, declare: Declare) -> None:
    declare("tetra", slug="acme")
    assert seed() == ["There is a tenant acme that is no demonstration: Tetra Drives is left out"]
    assert not User.objects.exists()
    assert not Tenant.objects.get(slug="acme").is_demo


def test_a_tenant_that_is_no_demonstration_is_not_filled() -> None:
    tenant = services.tenant_create(slug="tetra", name="Tetra", industry="manufacturing", now=True)
    with tenant_context(tenant):
        assert not User.objects.exists()


def test_the_sign_in_page_offers_the_people_only_on_a_demo_installation(inside: Tenant, settings: Any) -> None:
    browser = Client(headers={"host": "tetra.localhost"})
    for demo_installation in (True, False):
        settings.ORCHESTRALL_DEMO = demo_installation
        page = browser.get("/accounts/login/").content.decode()
        assert ("Claire Dubois" in page) is demo_installation
        assert ("analyst@tetra.example" in page) is demo_installation


def test_every_person_sees_a_home_page(inside: Tenant, client_for: Callable[..., Client]) -> None:
    for user in User.objects.all():
        assert client_for(user, tenant=inside).get("/").status_code == 200, user.role
