"""The client: one organisation's host, and who asks."""

from __future__ import annotations

import os
import ssl
from types import TracebackType
from typing import Literal, Self

import httpx

from orchestrall_client.agents import Agents
from orchestrall_client.approvals import Approvals, Delegations
from orchestrall_client.audit import Audit
from orchestrall_client.backfills import Backfills
from orchestrall_client.batches import Batches
from orchestrall_client.connection import Connection, get
from orchestrall_client.custom_agents import CustomAgents
from orchestrall_client.datasets import Datasets
from orchestrall_client.decisions import Decisions
from orchestrall_client.evaluations import Evaluations
from orchestrall_client.keys import Keys
from orchestrall_client.mcp_servers import McpServers
from orchestrall_client.messages import Messages
from orchestrall_client.model_setup import ModelSetup
from orchestrall_client.model_usage import Budgets, ModelUsage
from orchestrall_client.models import Performance, Usage
from orchestrall_client.privacy import Privacy, Retention
from orchestrall_client.prompts import Prompts
from orchestrall_client.replays import Replays
from orchestrall_client.retries import Retries
from orchestrall_client.runs import Runs
from orchestrall_client.sign_in_policy import SignInPolicies
from orchestrall_client.sso import SingleSignOn
from orchestrall_client.trainings import Trainings
from orchestrall_client.version import __version__
from orchestrall_client.workflow_runs import Acts, Calls, WorkflowRuns
from orchestrall_client.workflows import Blueprints, Triggers, Workflows

URL, KEY, EMAIL, PASSWORD = "ORCHESTRALL_URL", "ORCHESTRALL_KEY", "ORCHESTRALL_EMAIL", "ORCHESTRALL_PASSWORD"
NO_CREDENTIAL = (
    f"Who asks? Give an API key (key=…, or {KEY} in the environment), or an address and a password (email=…, "
    f"password=…, or {EMAIL} and {PASSWORD})."
)


class Client:
    """A client of the organisation whose host `url` is. Threads may share one; close it, or use it in a `with`.

        with Client("https://acme.example", key="ork_…") as client:
            run = client.runs.start("retail.demand_forecaster", {"horizon": 4}, file="weekly.csv")
            print(client.runs.result(run))

    What is not given is taken from the environment: ORCHESTRALL_URL, and ORCHESTRALL_KEY or else ORCHESTRALL_EMAIL and
    ORCHESTRALL_PASSWORD. A person's tokens are renewed as they end.

    `timeout` is for each step of a request, in seconds, and comes on top of what is asked to be waited. Certificates
    are verified against those of the `certifi` package, or of SSL_CERT_FILE, or by the `ssl.SSLContext` given as
    `verify`. Plain http is for this machine only, unless `allow_http` says that the network is trusted. `transport` is
    for tests.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        email: str | None = None,
        password: str | None = None,
        timeout: float = 30.0,
        retries: Retries | None = None,
        verify: bool | ssl.SSLContext = True,
        allow_http: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        url = url or os.environ.get(URL)
        if not url:
            raise ValueError(f"Which host? Give its address (https://acme.example), or {URL} in the environment.")
        if not key and not email:
            key, email = os.environ.get(KEY), os.environ.get(EMAIL)
            password = password or os.environ.get(PASSWORD)
        if not key and not (email and password):
            raise ValueError(NO_CREDENTIAL)
        self._connection = Connection(
            url,
            key=key,
            person=None if key else (str(email), str(password)),
            timeout=timeout,
            retries=retries or Retries(),
            verify=verify,
            allow_http=allow_http,
            transport=transport,
            agent=f"orchestrall-client/{__version__}",
        )
        self.agents = Agents(self._connection)
        self.audit = Audit(self._connection)
        self.batches = Batches(self._connection)
        self.custom_agents = CustomAgents(self._connection)
        self.datasets = Datasets(self._connection)
        self.decisions = Decisions(self._connection)
        self.evaluations = Evaluations(self._connection)
        self.trainings = Trainings(self._connection)
        self.model_usage = ModelUsage(self._connection)
        self.budgets = Budgets(self._connection)
        self.models = ModelSetup(self._connection)
        self.prompts = Prompts(self._connection)
        self.privacy = Privacy(self._connection)
        self.retention = Retention(self._connection)
        self.keys = Keys(self._connection)
        self.mcp_servers = McpServers(self._connection)
        self.sso = SingleSignOn(self._connection)
        self.sign_in_policy = SignInPolicies(self._connection)
        self.messages = Messages(self._connection)
        self.runs = Runs(self._connection)
        self.workflows = Workflows(self._connection)
        self.workflow_runs = WorkflowRuns(self._connection)
        self.approvals = Approvals(self._connection)
        self.delegations = Delegations(self._connection)
        self.calls = Calls(self._connection)
        self.acts = Acts(self._connection)
        self.triggers = Triggers(self._connection)
        self.blueprints = Blueprints(self._connection)
        self.replays = Replays(self._connection)
        self.backfills = Backfills(self._connection)

    def usage(self) -> Usage:
        """Your limits, and what is used of them now."""
        return self._connection.one(get("/api/v1/usage"), Usage)

    def performance(self, span: Literal["2m", "1h", "24h"] = "1h") -> Performance:
        """Requests, runs and how long they took: by the second, the minute, or the quarter of an hour."""
        return self._connection.one(get("/api/v1/performance", span=span), Performance)

    @property
    def url(self) -> str:
        """The address of the host, without a slash at the end."""
        return self._connection.url

    def close(self) -> None:
        """Close its connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"
