"""The product as it starts on a machine of one's own, with faults that a request may ask for: for the stress alone."""

from orchestrall.settings.development import *  # noqa: F403
from orchestrall.settings.development import MIDDLEWARE

MIDDLEWARE = ["tests.isolation.faults.FaultMiddleware", *MIDDLEWARE]
