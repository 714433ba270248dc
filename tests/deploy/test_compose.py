"""The installation on one machine: every service locked down, every variable explained, nothing started too early."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

COMPOSE = Path(__file__).resolve().parents[2] / "deploy" / "compose"
ROLES = ["migrate", "web", "live", "worker-cpu", "worker-io"]
THIRD = ["proxy", "postgres", "redis"]
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


def services() -> dict[str, Any]:
    described = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    found: dict[str, Any] = described["services"]
    return found


def explained() -> set[str]:
    return set(re.findall(r"(?m)^([A-Z_]+)=", (COMPOSE / ".env.example").read_text()))


def test_these_are_the_services() -> None:
    assert list(services()) == ROLES + THIRD


@pytest.mark.parametrize("name", ROLES + THIRD)
def test_a_service_can_do_and_write_as_little_as_it_needs(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    if name in THIRD:  # the roles' user is the image's own
        assert service["user"].split(":")[0] not in {"0", "root"}


@pytest.mark.parametrize("name", [each for each in ROLES + THIRD if each != "migrate"])
def test_a_service_that_stays_tells_whether_it_is_well(name: str) -> None:
    assert services()[name]["healthcheck"]["test"]


def test_every_role_runs_the_command_of_its_name(entrypoint: ModuleType) -> None:
    for role in ROLES:
        assert services()[role]["command"] == [role]
        assert entrypoint.command(role, [], {})


def test_nothing_starts_before_the_database_is_migrated() -> None:
    for role in set(ROLES) - {"migrate"}:
        assert services()[role]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_a_role_is_given_longer_to_stop_than_it_takes_to_drain(entrypoint: ModuleType) -> None:
    for role in set(ROLES) - {"migrate"}:
        assert int(services()[role]["stop_grace_period"].removesuffix("s")) > entrypoint.DRAIN


def test_data_is_reached_from_inside_only() -> None:
    for name in ("postgres", "redis"):
        assert services()[name]["networks"] == ["inside"]
        assert "ports" not in services()[name]


def test_every_variable_is_explained_and_every_explained_one_is_used() -> None:
    used = set(VARIABLE.findall((COMPOSE / "compose.yaml").read_text()))
    assert used | {"COMPOSE_PROFILES"} == explained()


def test_the_proxy_is_given_what_its_configuration_asks_for() -> None:
    asked = set(re.findall(r"\{\$([A-Z_]+)", (COMPOSE / "Caddyfile").read_text()))
    assert asked == set(services()["proxy"]["environment"])
