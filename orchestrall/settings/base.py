"""All topics together. What differs between development, test and production is in the file of that name."""

from orchestrall.settings.ai import *  # noqa: F403
from orchestrall.settings.api import *  # noqa: F403
from orchestrall.settings.audit import *  # noqa: F403
from orchestrall.settings.auth import *  # noqa: F403
from orchestrall.settings.cache import *  # noqa: F403
from orchestrall.settings.database import *  # noqa: F403
from orchestrall.settings.env import BASE_DIR
from orchestrall.settings.live import *  # noqa: F403
from orchestrall.settings.observability import *  # noqa: F403
from orchestrall.settings.outbound import *  # noqa: F403
from orchestrall.settings.tasks import *  # noqa: F403
from orchestrall.settings.tenancy import *  # noqa: F403
from orchestrall.settings.web import *  # noqa: F403

ROOT_URLCONF = "orchestrall.urls.tenant"
WSGI_APPLICATION = "orchestrall.wsgi.application"
USE_TZ, TIME_ZONE = True, "UTC"
LANGUAGE_CODE, USE_I18N = "en-gb", True

MIDDLEWARE = [
    "apps.gateway.headers.SecurityHeadersMiddleware",  # around all that answers
    # Before the tenant is known: probes come by address, and static files belong to nobody.
    "apps.gateway.middleware.ProbeMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.gateway.middleware.RequestLogMiddleware",
    "apps.gateway.middleware.ProblemMiddleware",
    "apps.gateway.middleware.PlainProgramsMiddleware",  # before the next leads everybody on to https
    "django.middleware.security.SecurityMiddleware",
    "apps.tenants.middleware.TenantMiddleware",
    "corsheaders.middleware.CorsMiddleware",  # as soon as the tenant is known: a page may read every refusal after it
    "apps.datasets.limits.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.accounts.guard.SignInGuard",
    "apps.accounts.middleware.ForeignPagesMiddleware",  # last: what is inside is one transaction
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.console.context.shell",
            ]
        },
    }
]

# Where the cases lie that agents are evaluated by: `<industry>/<agent>.yaml`. They ship with the product.
EVALUATIONS = BASE_DIR / "tests" / "evals"
