"""How agents are set up: versions of settings, and who runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.agents import configurations, services
from apps.agents.contract import AGENTS
from apps.agents.models import AgentConfiguration, AgentResult, AgentRun
from apps.common.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant

COUNTER = "dummy.counter"
URL = f"/api/v1/agents/{COUNTER}/configuration"
PAGE = f"/agents/{COUNTER}/settings/"


@pytest.fixture
def counter() -> Any:
    return AGENTS[COUNTER]


@pytest.fixture
def saved(acme: Tenant, member: Callable[..., User], counter: Any) -> Callable[..., AgentConfiguration]:
    def save(roles: list[str] | None = None, **settings: Any) -> AgentConfiguration:
        owner = User.objects.filter(role="owner").first() or member("owner")
        return configurations.configuration_save(who=owner, user=owner, agent=counter, settings=settings, roles=roles)

    return save


def started(agent: Any, user: User) -> AgentRun:
    return services.run_start(agent=agent, data={"steps": 2}, user=user, who=user, origin="console")


def test_each_change_is_a_version_and_the_newest_holds(saved: Any, counter: Any) -> None:
    first, second = saved(start=5), saved(start=7)
    assert (first.number, second.number) == (1, 2)
    assert configurations.newest(COUNTER) == second
    assert configurations.configuration_differences(counter, first, second) == ["Start was 5, and is 7."]


def test_what_differs_in_nothing_makes_no_version(saved: Any) -> None:
    assert saved(start=5) == saved(start=5)
    assert AgentConfiguration.objects.count() == 1


def test_a_number_that_is_none_is_refused_whatever_the_agents_own_model_takes() -> None:
    with pytest.raises(InvalidInput, match="no number"):
        configurations.settings_parse(AGENTS["dummy.former"], {"limits": ["nan"]})


def test_what_is_as_the_agent_has_it_is_not_stored(saved: Any) -> None:
    assert saved(start=0).settings == {}


@pytest.mark.parametrize(("given", "place"), [({"start": "soon"}, "settings.start"), ({"pace": 1}, "settings.pace")])
def test_settings_that_the_agent_does_not_take_are_refused_with_their_place(
    saved: Any, given: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        saved(**given)
    assert [issue.path for issue in refused.value.issues] == [place]
    assert not AgentConfiguration.objects.exists()


def test_a_role_that_runs_no_agents_cannot_be_named(saved: Any) -> None:
    with pytest.raises(InvalidInput, match="roles cannot be used"):
        saved(roles=["viewer"])


def test_who_has_not_seen_the_newest_version_changes_nothing(
    saved: Any, member: Callable[..., User], counter: Any
) -> None:
    saved(start=5)
    builder = member("builder")
    with pytest.raises(Conflict, match="Somebody else"):
        configurations.configuration_save(
            who=builder, user=builder, agent=counter, settings={"start": 9}, roles=None, seen=0
        )
    assert configurations.newest(COUNTER).settings == {"start": 5}  # type: ignore[union-attr]


def test_going_back_is_a_new_version_with_what_the_former_said(
    saved: Any, member: Callable[..., User], counter: Any
) -> None:
    saved(start=5, roles=["builder"])
    saved(start=7)
    owner = User.objects.get(role="owner")
    again = configurations.configuration_restore(who=owner, user=owner, agent=counter, number=1)
    assert (again.number, again.settings, again.roles, again.note) == (
        3,
        {"start": 5},
        ["builder"],
        "Back to version 1",
    )
    with pytest.raises(NotFound):
        configurations.configuration_restore(who=owner, user=owner, agent=counter, number=9)


@pytest.mark.parametrize("role", ["analyst", "approver", "auditor", "viewer"])
def test_only_builders_and_above_change_settings(
    role: str, acme: Tenant, member: Callable[..., User], counter: Any
) -> None:
    user = member(role)
    with pytest.raises(PermissionDenied):
        configurations.configuration_save(who=user, user=user, agent=counter, settings={"start": 9}, roles=None)


def test_a_run_is_decided_by_the_version_that_it_was_accepted_with(
    saved: Any, member: Callable[..., User], counter: Any, work_off: Callable[[], int]
) -> None:
    saved(start=5)
    run = started(counter, member("analyst"))
    saved(start=100)
    work_off()
    run.refresh_from_db()
    assert run.configuration is not None
    assert run.configuration.number == 1
    assert AgentResult.objects.get(run=run).output == {"numbers": [6, 7]}


def test_a_run_fails_with_its_place_where_a_release_no_longer_takes_the_settings(
    saved: Any, member: Callable[..., User], counter: Any, work_off: Callable[[], int]
) -> None:
    saved(start=5)
    run = started(counter, member("analyst"))
    row = AgentConfiguration.objects.get()
    row.settings = {"gone": 1}
    row.save()
    work_off()
    run.refresh_from_db()
    assert run.status == "failed"
    assert run.problem["issues"][0]["path"] == "settings.gone"


def test_an_agent_that_is_set_up_for_some_roles_is_refused_to_others(
    saved: Any, member: Callable[..., User], counter: Any
) -> None:
    saved(roles=["builder"])
    with pytest.raises(PermissionDenied, match="not run by the role Analyst"):
        started(counter, member("analyst"))
    assert not AgentRun.objects.exists()
    assert started(counter, member("builder")).pk
    assert started(counter, User.objects.get(role="owner")).pk


def test_a_bulk_start_is_refused_to_other_roles_as_a_single_one(
    saved: Any, member: Callable[..., User], counter: Any
) -> None:
    saved(roles=["builder"])
    analyst = member("analyst")
    with pytest.raises(PermissionDenied):
        services.runs_start(agent=counter, inputs=[{"steps": 2}], user=analyst, who=analyst, origin="api")


def test_settings_of_one_tenant_say_nothing_to_another(saved: Any, globex: Tenant, member: Callable[..., User]) -> None:
    saved(start=5)
    with tenant_context(globex):
        assert configurations.newest(COUNTER) is None


def test_the_api_tells_and_changes_how_an_agent_is_set_up(
    api_for: Callable[..., APIClient], member: Callable[..., User]
) -> None:
    client = api_for(member("builder"))
    own = client.get(URL)
    assert (own.json()["version"], own.json()["settings"], own.json()["roles"]) == (0, {"start": 0}, None)
    wanted = {"settings": {"start": 4}, "roles": ["analyst"], "note": "Begin later"}
    saved = client.put(URL, wanted, format="json", headers={"If-Match": own["ETag"]})
    assert saved.status_code == 200
    assert (saved.json()["version"], saved.json()["settings"]["start"]) == (1, 4)
    assert client.put(URL, wanted, format="json", headers={"If-Match": own["ETag"]}).status_code == 412
    assert [each["version"] for each in client.get(f"{URL}/versions").json()["items"]] == [1]
    client.put(URL, {}, format="json")
    back = client.post(f"{URL}/restore", {"version": 1}, format="json")
    assert (back.json()["version"], back.json()["note"]) == (3, "Back to version 1")


def test_the_api_tells_what_each_version_changed_in_as_many_statements_for_many_as_for_few(
    saved: Any, api_for: Callable[..., APIClient], member: Callable[..., User]
) -> None:
    client = api_for(member("viewer"))
    for start in range(1, 10):
        saved(start=start)

    def asked(address: str) -> tuple[Any, int]:
        with CaptureQueriesContext(connection) as seen:
            items = client.get(address).json()["items"]
        return items, sum(AgentConfiguration._meta.db_table in each["sql"] for each in seen.captured_queries)

    [last, former], few = asked(f"{URL}/versions?limit=2")
    every, many = asked(f"{URL}/versions")
    assert (few, many) == (2, 2)
    assert [(each["version"], each["changes"]) for each in (last, former)] == [
        (9, ["Start was 8, and is 9."]),
        (8, ["Start was 7, and is 8."]),
    ]
    assert every[-1]["changes"] == ["Start was 0, and is 1."]
    assert client.get(f"{URL}/versions/8").json() == former


def test_the_api_compares_two_versions_and_a_version_with_the_agent_by_itself(
    saved: Any, api_for: Callable[..., APIClient], member: Callable[..., User]
) -> None:
    saved(start=5)
    saved(start=7)
    saved(start=7, roles=["analyst"])
    client = api_for(member("viewer"))
    ran = "It was run by every role that runs agents, and is run by Owner, Analyst."
    told = client.get(f"{URL}/versions/3/difference").json()
    assert told == {"agent": COUNTER, "former": 2, "version": 3, "changes": [ran]}
    assert client.get(f"{URL}/versions/3/difference?from=1").json()["changes"] == ["Start was 5, and is 7.", ran]
    assert client.get(f"{URL}/versions/1/difference?from=3").json()["former"] == 3
    assert client.get(f"{URL}/versions/1/difference").json()["changes"] == ["Start was 0, and is 5."]
    for wrong in ("versions/4", "versions/4/difference", "versions/3/difference?from=9", f"versions/{2**70}"):
        assert client.get(f"{URL}/{wrong}").status_code == 404, wrong
    assert client.get(f"{URL}/versions/3/difference?from=-1").status_code == 422


def test_of_a_secret_the_versions_say_that_it_is_another_and_nothing_else(
    acme: Tenant, api_for: Callable[..., APIClient], member: Callable[..., User]
) -> None:
    client, url = api_for(member("builder")), "/api/v1/agents/dummy.former/configuration"
    for secret in ("the first of them", "the second of them"):
        assert client.put(url, {"settings": {"token": secret}}, format="json").status_code == 200
    answers = [client.get(f"{url}/versions{rest}") for rest in ("", "/2", "/2/difference", "/2/difference?from=0")]
    assert answers[1].json()["changes"] == ["Token has another secret."]
    assert not [each.content for each in answers if b"of them" in each.content]
    back = client.post(f"{url}/restore", {"version": 1}, format="json")
    assert (back.json()["version"], b"of them" in back.content) == (3, False)


def test_the_page_shows_what_holds_saves_a_version_and_goes_back(
    client_for: Callable[..., Client], member: Callable[..., User]
) -> None:
    client = client_for(member("builder"))
    assert "Nobody has changed anything" in client.get(PAGE).content.decode()
    form = {"settings.start": "6", "runners": "some", "roles": ["analyst"], "note": "Begin later", "seen": "0"}
    assert client.post(PAGE, form).status_code == 302
    shown = client.get(PAGE).content.decode()
    assert "Start was 0, and is 6." in shown
    assert "It was run by every role that runs agents, and is run by Owner, Analyst." in shown
    client.post(PAGE, {"settings.start": "8", "runners": "all", "seen": "1"})
    client.post(f"{PAGE}1/restore/")
    assert [row.number for row in AgentConfiguration.objects.all()] == [3, 2, 1]


def test_the_page_keeps_what_was_entered_and_says_what_is_wrong(
    client_for: Callable[..., Client], member: Callable[..., User]
) -> None:
    client = client_for(member("builder"))
    refused = client.post(PAGE, {"settings.start": "soon", "runners": "all", "seen": "0", "note": "Mine"})
    assert refused.status_code == 422
    shown = refused.content.decode()
    assert 'value="soon"' in shown
    assert 'aria-invalid="true"' in shown
    assert 'value="Mine"' in shown
    assert not AgentConfiguration.objects.exists()


def test_who_may_not_configure_reads_the_page_and_changes_nothing(
    client_for: Callable[..., Client], member: Callable[..., User]
) -> None:
    client = client_for(member("viewer"))
    assert "not change them" in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"settings.start": "8", "runners": "all", "seen": "0"}).status_code == 403


def test_the_page_asks_the_same_number_of_times_however_many_versions_there_are(
    saved: Any, client_for: Callable[..., Client], member: Callable[..., User], django_assert_max_num_queries: Any
) -> None:
    client = client_for(member("builder"))
    for start in range(1, 9):
        saved(start=start)
    client.get(PAGE)
    with django_assert_max_num_queries(8):
        client.get(PAGE)
