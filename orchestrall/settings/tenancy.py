"""Schema per tenant. No table but django_migrations exists both in `public` and in a tenant (decision 0001)."""

from orchestrall.settings.env import env

TENANT_MODEL, TENANT_DOMAIN_MODEL = "tenants.Tenant", "tenants.Domain"
PUBLIC_SCHEMA_URLCONF = "orchestrall.urls.public"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
# SET search_path when the tenant changes rather than before each statement: nothing else may ever run it.
TENANT_LIMIT_SET_CALLS = True

TEMPLATE_SCHEMA = "t_template"
OPERATORS_SCHEMA = "t_operators"
OPERATORS_URLCONF = "orchestrall.urls.operators"
BASE_HOST = env.base_host
PUBLIC_PORT = env.public_port
ORCHESTRALL_DEMO = env.demo
VAR = env.var

# Apps whose tables stand in `public`: tenants and dispatch. The rest of this list owns no table.
SHARED_APPS = [
    "django_tenants",
    "apps.tenants",
    "apps.dispatch",
    "channels",
    "django.contrib.staticfiles",
    "django.contrib.messages",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "django_prometheus",
    "django_htmx",
    "django_structlog",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
]
TENANT_APPS = [
    "apps.console",  # before allauth, whose templates it dresses
    "apps.gateway",
    "apps.accounts",
    "apps.datasets",
    "apps.agents",
    "apps.operations",
    "apps.finance",
    "apps.healthcare",
    "apps.retail",
    "apps.manufacturing",
    "apps.logistics",
    "apps.tech",
    "unfold",  # before admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "allauth",
    "allauth.account",
    # Last of all: its ready() runs discovery when every other app has loaded, and then closes the registries.
    "apps.common",
]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS

UNFOLD = {
    "SITE_TITLE": "Orchestrall operators",
    "SITE_HEADER": "Orchestrall operators",
    "SITE_SYMBOL": "hub",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
}
