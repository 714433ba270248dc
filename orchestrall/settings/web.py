"""What a browser gets: static files and the policies around every page."""

from typing import Any

from csp.constants import NONCE, NONE, SELF

from orchestrall.settings.env import BASE_DIR, env

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
# Built by scripts/build_static.mjs from package-lock.json; `check` says what to run where it is missing.
VENDOR_DIR = BASE_DIR / "build" / "vendor"
STATICFILES_DIRS = [BASE_DIR / "static", ("vendor", VENDOR_DIR)]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "apps.console.storage.ConsoleStorage"},
}
WHITENOISE_MANIFEST_STRICT = True
# The same everywhere, so that a test can fail on it: no inline script, no inline style, no other host. A page that
# cannot do without an inline script gives it `nonce="{{ request.csp_nonce }}"`; none does today.
CONTENT_SECURITY_POLICY: dict[str, dict[str, Any]] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "script-src-attr": [NONE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
    }
}
# Answers that are no page: of the API, files, images, redirects without a body.
POLICY_OF_NO_PAGE = {
    "default-src": [NONE],
    "frame-ancestors": [NONE],
    "form-action": [NONE],
    "base-uri": [NONE],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # others learn no address of ours; our forms prove by it where they stood
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Features of browsers that no page uses. Only names that browsers know: others are complained of in their consoles.
_UNUSED_FEATURES = (
    "accelerometer autoplay camera display-capture encrypted-media fullscreen gamepad geolocation gyroscope "
    "hid idle-detection local-fonts magnetometer microphone midi payment picture-in-picture screen-wake-lock serial "
    "usb xr-spatial-tracking"
)
# On every answer (apps/gateway/headers.py). A page of another site may embed nothing of ours: CORP. What it may fetch
# from the API is said by CORS, which CORP does not narrow (Fetch, 3.7: it is for requests that ask for no CORS).
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": X_FRAME_OPTIONS,
    "Referrer-Policy": SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES.split()),
    "X-DNS-Prefetch-Control": "off",
    "X-Download-Options": "noopen",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-XSS-Protection": "0",  # the filters of old browsers could be turned against pages
}
# SecurityMiddleware stays for its redirect to https, and the checks that come with it. The header for frames is above.
SILENCED_SYSTEM_CHECKS = ["security.W002"]
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Of the API alone, and for the origins that a tenant lists (apps/gateway/cors.py). Without credentials: a page brings a
# token, and the browser no cookie.
CORS_ALLOWED_ORIGINS: list[str] = []
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CORS_ALLOW_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-Request-ID",
)
CORS_EXPOSE_HEADERS = (
    "Location",
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
    "Idempotency-Replayed",
)
CORS_PREFLIGHT_MAX_AGE = 600  # seconds that a browser may act on what it was told
ALLOWED_HOSTS = [f".{env.base_host}", "127.0.0.1"]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
# What a request may carry before a view sees it; files stream to disk and have a limit of their own per tenant.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 8000  # a form has 3,000 cells and some signs besides at most
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
