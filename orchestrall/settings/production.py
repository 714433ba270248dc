"""Behind TLS, with every secret from the environment."""

import os

from orchestrall.settings.base import *  # noqa: F403
from orchestrall.settings.env import env, given, number, required
from orchestrall.settings.web import CONTENT_SECURITY_POLICY, SILENCED_SYSTEM_CHECKS

DEBUG = False
SECRET_KEY = required("ORCHESTRALL_SECRET_KEY", "Give at least 50 random characters: `openssl rand -hex 32`.")
# Where a key management service wraps the data keys, a master key is needed only until they have been moved to it.
MASTER_KEY = (
    given("ORCHESTRALL_MASTER_KEY")
    if env.key_wrapper
    else required("ORCHESTRALL_MASTER_KEY", "Give 32 random bytes in base64: `openssl rand -base64 32`.")
)

# The proxy that ends TLS says how the browser came; it drops what a caller says of that. Probes are answered before all
# this, as they come by address.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] = True
# Joining the browsers' preload list binds everything below a domain for years: its owner decides that, not we.
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "security.W021"]
# The __Host- prefix keeps a sibling tenant's host from setting these cookies for the parent domain.
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
# Tries to sign in are counted by the caller's address, which the outermost of our own proxies has seen. Without this
# they would all count for the proxy, and one caller could shut out everybody.
ALLAUTH_TRUSTED_PROXY_COUNT = number("ORCHESTRALL_PROXIES", 1)

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = os.environ.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = number("EMAIL_PORT", 587)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = True
EMAIL_TIMEOUT = 20  # seconds: a mail server that does not answer must not hold a request for ever
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or f"Orchestrall <no-reply@{env.base_host}>"
