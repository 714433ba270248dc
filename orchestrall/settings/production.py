"""Behind TLS, with every secret from the environment."""

import os

from orchestrall.settings.base import *  # noqa: F403
from orchestrall.settings.env import env, required

DEBUG = False
SECRET_KEY = required("ORCHESTRALL_SECRET_KEY", "Give at least 50 random characters.")
MASTER_KEY = required("ORCHESTRALL_MASTER_KEY", "Give 32 random bytes in base64: `openssl rand -base64 32`.")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# A browser's preload list is for the owner of the domain to ask for: it cannot be taken back.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# The __Host- prefix keeps a sibling tenant's host from setting these cookies for the parent domain.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = True
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", f"Orchestrall <no-reply@{env.base_host}>")
