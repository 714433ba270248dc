"""The typed client of Orchestrall: agents, datasets and runs of one organisation, over its API.

Start at `Client`. Everything here is the package's interface; its modules are not.
"""

from orchestrall_client.client import Client
from orchestrall_client.errors import (
    Conflict,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    OrchestrallError,
    PermissionDenied,
    Problem,
    RunFailed,
    ServerError,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    WaitExpired,
)
from orchestrall_client.models import (
    ActsFor,
    Agent,
    Column,
    Dataset,
    DatasetDetail,
    Issue,
    Key,
    KeyMade,
    Measure,
    ModelCard,
    Run,
    RunDetail,
    RunEvent,
    RunProblem,
)
from orchestrall_client.retries import Retries
from orchestrall_client.version import __version__

__all__ = [
    "ActsFor",
    "Agent",
    "Client",
    "Column",
    "Conflict",
    "Dataset",
    "DatasetDetail",
    "InvalidRequest",
    "Issue",
    "Key",
    "KeyMade",
    "Measure",
    "ModelCard",
    "NotAuthenticated",
    "NotFound",
    "OrchestrallError",
    "PermissionDenied",
    "Problem",
    "Retries",
    "Run",
    "RunDetail",
    "RunEvent",
    "RunFailed",
    "RunProblem",
    "ServerError",
    "TooManyRequests",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "WaitExpired",
    "__version__",
]
