"""The one-command start on a machine of one's own: real servers, secrets and mails kept in the var folder."""

from orchestrall.settings.base import *  # noqa: F403
from orchestrall.settings.env import env, kept_secret

DEBUG = False
SECRET_KEY = kept_secret("ORCHESTRALL_SECRET_KEY", env.var / "secret_key")
MASTER_KEY = kept_secret("ORCHESTRALL_MASTER_KEY", env.var / "master_key")
# A file for each: mails hold links that open a door, and a log holds none.
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = env.var / "mails"
# Passkeys over plain http, for a browser on this very machine. Behind TLS the origin is checked.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
