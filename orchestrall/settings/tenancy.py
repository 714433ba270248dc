"""Schema per tenant. No table but django_migrations exists both in `public` and in a tenant (decision 0001)."""

from django.templatetags.static import static
from django.urls import reverse_lazy

from orchestrall.settings.env import BASE_DIR, env

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
KEYS, KEY_WRAPPER, FORMER_MASTER_KEYS = env.keys, env.key_wrapper, env.former_master_keys

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
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
]
# The industries: every app with a manifest, so that one more is no line here.
INDUSTRIES = [
    f"apps.{path.parent.name}"
    for path in sorted(BASE_DIR.glob("apps/*/apps.py"))
    if "(IndustryConfig)" in path.read_text(encoding="utf-8")
]
TENANT_APPS = [
    "apps.console",  # before allauth, whose templates it dresses
    "apps.audit",
    "apps.gateway",
    "apps.accounts",
    "apps.datasets",
    "apps.ai",
    "apps.agents",
    "apps.workflows",
    "apps.compliance",
    "apps.operations",
    *INDUSTRIES,
    "unfold",  # before admin, whose templates it replaces
    "django.contrib.admin",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    # Last of all: its ready() runs discovery when every other app has loaded, and then closes the registries.
    "apps.common",
]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS

# The console's blue, from light to dark, as far apart as the theme's texts need.
_SHADES = {
    "50": "#f0f4ff",
    "100": "#dfe8ff",
    "200": "#c3d4ff",
    "300": "#9ab5fd",
    "400": "#86a6fb",
    "500": "#6b91f9",
    "600": "#1b49cc",
    "700": "#1a43b8",
    "800": "#183994",
    "900": "#172f75",
    "950": "#0f1d4a",
}
UNFOLD = {
    "SITE_TITLE": "Orchestrall operators",
    "SITE_HEADER": "Orchestrall operators",
    "SITE_ICON": lambda request: static("console/icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/icon.svg")}],
    "STYLES": [lambda request: static("tenants/office.css")],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {"primary": _SHADES, "font": {"subtle-light": "var(--color-base-600)"}},  # the theme's grey is too faint
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    {"title": "Tenants", "icon": "domain", "link": reverse_lazy("admin:tenants_tenant_changelist")},
                    {"title": "Enter one", "icon": "door_open", "link": "/admin/access/"},
                    {"title": "Your console", "icon": "home", "link": "/", "active": lambda request: False},
                ]
            }
        ]
    },
    "SITE_URL": None,
    "ACCOUNT": {"navigation": [{"title": "Change password", "link": reverse_lazy("account_change_password")}]},
}
