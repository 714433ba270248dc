"""An installation as a user starts it, with the tests' own industry: for measurements that need its agents."""

from orchestrall.settings.base import TENANT_APPS
from orchestrall.settings.development import *  # noqa: F403
from orchestrall.settings.tenancy import SHARED_APPS

TENANT_APPS = ["tests.dummy", *TENANT_APPS]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS
