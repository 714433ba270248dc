"""How an agent is set up, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Self

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.request import Request
from rest_framework.response import Response

from apps.agents import configurations, selectors
from apps.agents.api import KEY
from apps.agents.configurations import AnyAgent
from apps.agents.models import AgentConfiguration
from apps.agents.permissions import AGENTS_CONFIGURE, AGENTS_VIEW
from apps.common.errors import Conflict
from apps.common.schemas import StrictModel
from apps.gateway.api import ApiView
from apps.gateway.pagination import PAGE_PARAMETERS, Page

_MOST: Final = 2**31 - 1
_NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": _MOST, "examples": [3]}
VERSION = OpenApiParameter("version", _NUMBER, OpenApiParameter.PATH, description="The number of a version.")
_WANTED: dict[str, Any] = {"settings": {}, "roles": ["analyst"], "note": "Analysts alone run it from now on."}
_OUT: dict[str, Any] = {
    "agent": "example.outlier_finder",
    "version": 2,
    **_WANTED,
    "changed_by": "builder@acme.example",
    "changed_at": "2026-11-25T16:40:00Z",
}
_CHANGE: Final = "It was run by every role that runs agents, and is run by Owner, Analyst."


class ConfigurationOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_OUT]})

    agent: str
    version: int = Field(description="0: nobody has set the agent up, and its own settings hold.")
    settings: dict[str, Any] = Field(description="Every setting with its value; see the agent's `settings_schema`.")
    roles: list[str] | None = Field(
        description="Who runs it by hand or over the API, besides owners; null: every role that runs agents."
    )
    note: str = Field(description="What changed, in a sentence.")
    changed_by: str | None = Field(description="Address of the member.")
    changed_at: datetime | None

    @classmethod
    def of(cls, row: AgentConfiguration) -> Self:
        return cls.held(configurations.agent_of(row), row)

    @classmethod
    def held(cls, agent: AnyAgent, row: AgentConfiguration | None) -> Self:
        """What holds for an agent, in a version or by itself."""
        return cls(
            agent=agent.key,
            version=row.number if row else 0,
            settings=configurations.settings_shown(agent, row),
            roles=row.roles if row else None,
            note=row.note if row else "",
            changed_by=row.created_by.email if row and row.created_by else None,
            changed_at=row.created_at if row else None,
        )


class ConfigurationVersionOut(ConfigurationOut):
    model_config = ConfigDict(json_schema_extra={"examples": [_OUT | {"changes": [_CHANGE]}]})

    changes: list[str] = Field(
        description="What differs from the version before, or from the agent's own settings, a sentence each. Of a "
        "secret they say that it is another."
    )

    @classmethod
    def of(cls, row: AgentConfiguration) -> Self:
        """A version that `configurations.formers_read` was given."""
        agent = configurations.agent_of(row)
        held = ConfigurationOut.held(agent, row).model_dump()
        return cls(**held, changes=configurations.configuration_differences(agent, row.former, row))


class ConfigurationDifference(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"agent": _OUT["agent"], "former": 1, "version": 3, "changes": ["Start was 5, and is 7."]}]
        }
    )

    agent: str
    former: int = Field(description="0: the agent as it is by itself.")
    version: int
    changes: list[str] = Field(description="A sentence for each setting that differs, and for who runs the agent.")


class DifferenceQuery(BaseModel):
    former: int | None = Field(default=None, ge=0, le=_MOST, alias="from")


class ConfigurationWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_WANTED]})

    settings: dict[str, Any] = Field(
        default_factory=dict, description="Settings that are to differ from the agent's own."
    )
    roles: list[str] | None = Field(default=None, description="Who runs it; null: every role that runs agents.")
    note: str = Field(default="", max_length=200, description="What changes, in a sentence.")


class VersionWanted(StrictModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 1}]})

    version: int = Field(ge=1, le=_MOST, description="The version to go back to.")


class AgentConfigurationOne(ApiView):
    permission = {"GET": AGENTS_VIEW, "PUT": AGENTS_CONFIGURE}
    problems = {"PUT": [Conflict]}

    @extend_schema(
        operation_id="agent_configuration_get", tags=["agents"], parameters=[KEY], responses={200: ConfigurationOut}
    )
    def get(self, request: Request, key: str) -> Response:
        """How an agent is set up now: what holds for new runs."""
        return self.answer(self._held(selectors.agent_get(who=self.who, key=key)))

    @extend_schema(
        operation_id="agent_configuration_save",
        tags=["agents"],
        parameters=[KEY],
        request=ConfigurationWanted,
        responses={200: ConfigurationOut},
    )
    def put(self, request: Request, key: str) -> Response:
        """Set an agent up: a version more, which holds for runs from now on. Runs keep the version they began with.

        What is left out of `settings` is as the agent has it by itself. Where nothing differs, nothing changes.
        """
        agent, wanted = selectors.agent_get(who=self.who, key=key), self.body(ConfigurationWanted)
        with transaction.atomic():
            held = self._held(agent)
            self.require_match(held)
            configurations.configuration_save(
                who=self.who, user=self.who.user, agent=agent, seen=held.version, **wanted.model_dump()
            )
            return self.answer(self._held(agent))

    def _held(self, agent: AnyAgent) -> ConfigurationOut:
        return ConfigurationOut.held(agent, configurations.configuration_current(who=self.who, agent=agent))


class AgentConfigurationVersions(ApiView):
    permission = {"GET": AGENTS_VIEW}

    @extend_schema(
        operation_id="agent_configuration_versions",
        tags=["agents"],
        parameters=[KEY, *PAGE_PARAMETERS],
        responses={200: Page[ConfigurationVersionOut]},
    )
    def get(self, request: Request, key: str) -> Response:
        """Every version of how an agent was set up, newest first, with what it changed in words."""
        agent = selectors.agent_get(who=self.who, key=key)
        rows = configurations.configurations_query(who=self.who, agent=agent)
        return self.page(rows, ConfigurationVersionOut.of, beside=configurations.formers_read)


class AgentConfigurationVersion(ApiView):
    permission = {"GET": AGENTS_VIEW}

    @extend_schema(
        operation_id="agent_configuration_version_get",
        tags=["agents"],
        parameters=[KEY, VERSION],
        responses={200: ConfigurationVersionOut},
    )
    def get(self, request: Request, key: str, version: int) -> Response:
        """One version of how an agent was set up, with what it changed in words."""
        agent = selectors.agent_get(who=self.who, key=key)
        number = min(version, _MOST)
        row = configurations.configuration_read(who=self.who, agent=agent, number=number)
        return self.answer(ConfigurationVersionOut.of(row))


class AgentConfigurationDifference(ApiView):
    permission = {"GET": AGENTS_VIEW}

    @extend_schema(
        operation_id="agent_configuration_difference",
        tags=["agents"],
        parameters=[
            KEY,
            VERSION,
            OpenApiParameter(
                "from",
                _NUMBER | {"minimum": 0, "examples": [1]},
                description="The version to compare with, 0 for the agent's own settings; by default the one before.",
            ),
        ],
        responses={200: ConfigurationDifference},
    )
    def get(self, request: Request, key: str, version: int) -> Response:
        """What differs between two versions of how an agent was set up, in words."""
        agent, wanted = selectors.agent_get(who=self.who, key=key), self.query(DifferenceQuery).former
        number = min(version, _MOST)
        former = number - 1 if wanted is None else wanted
        changes = configurations.configurations_compare(who=self.who, agent=agent, former=former, number=number)
        return self.answer(ConfigurationDifference(agent=agent.key, former=former, version=number, changes=changes))


class AgentConfigurationRestore(ApiView):
    permission = {"POST": AGENTS_CONFIGURE}
    problems = {"POST": [Conflict]}

    @extend_schema(
        operation_id="agent_configuration_restore",
        tags=["agents"],
        parameters=[KEY],
        request=VersionWanted,
        responses={200: ConfigurationOut},
    )
    def post(self, request: Request, key: str) -> Response:
        """Set an agent up as an earlier version had it: as a new version."""
        agent, version = selectors.agent_get(who=self.who, key=key), self.body(VersionWanted).version
        row = configurations.configuration_restore(who=self.who, user=self.who.user, agent=agent, number=version)
        return self.answer(ConfigurationOut.held(agent, row))
