"""Accounts: users live in their tenant; sign-in, sign-out and reset by allauth."""

from orchestrall.settings.env import env

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.MemberBackend"]
PASSWORD_HASHERS = [
    "apps.accounts.hashers.CappedArgon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Of each process: hashes that are computed at once, each with 100 MiB, and those that wait for their turn.
PASSWORD_HASHES_AT_ONCE, PASSWORD_HASHES_WAITING = 2, 40
# NIST SP 800-63B-4: length and blocklists, no composition rules (decision 0131).
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "apps.accounts.passwords.LongestPassword"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "apps.accounts.breached.NotBreached"},
    {"NAME": "apps.accounts.passwords.NotAboutUs"},
    {"NAME": "apps.accounts.passwords.NotRepeated"},
]
BREACHED_PASSWORDS = env.breached_passwords
LOGIN_URL, LOGIN_REDIRECT_URL = "account_login", "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "apps.accounts.tokens.ResetTokens"  # noqa: S105
ACCOUNT_FORMS = {"reset_password": "apps.accounts.forms.ResetPasswordForm"}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password is told by mail
ACCOUNT_SESSION_REMEMBER = None
# For who is remembered: the longest that a policy may say. When a session really ends, its policy says.
ACCOUNT_SESSION_COOKIE_AGE = 720 * 3600
# Links that a library signs know no tenant: codes in the session instead. Members arrive by invitation, which proves
# the address and stores it as verified; so nobody is asked for a code at sign-in who came that way.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# A member has one address. Who changes it gives the password again, and proves the new one by a code.
ACCOUNT_CHANGE_EMAIL = ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Counted in Redis, under the schema: requests for mails. Tries to sign in are counted by `apps.accounts.limits`, which
# holds for tries that come at once.
ACCOUNT_RATE_LIMITS = {"login_failed": None, "reset_password": "20/m/ip,5/15m/key"}
PASSWORD_RESET_TIMEOUT = 24 * 3600


# Second factors. No browser is trusted to skip them: the library's cookie for that knows no tenant.
MFA_ADAPTER = "apps.accounts.factors.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Everywhere: who begins a proof at a page that asked for less could end it at the sign-in by a passkey alone.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TRUST_ENABLED = False
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RECOVERY_CODE_DIGITS = 10
MFA_FORMS = {
    "authenticate": "apps.accounts.factors.forms.AuthenticateForm",
    "reauthenticate": "apps.accounts.factors.forms.ReauthenticateForm",
    "activate_totp": "apps.accounts.factors.forms.ActivateTOTPForm",
    "add_webauthn": "apps.accounts.factors.forms.AddPasskeyForm",
    "edit_webauthn": "apps.accounts.factors.forms.RenamePasskeyForm",
}
USERSESSIONS_ADAPTER = "apps.accounts.sessions.SessionsAdapter"
# Seconds after which whoever does something sensitive proves again who they are.
STEP_UP_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60

# Single sign-on (decision 0132). Nothing of a provider's is kept by the library: neither its tokens nor its apps.
SOCIALACCOUNT_ADAPTER = "apps.accounts.sso.adapter.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_AUTO_SIGNUP = False

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
DEFAULT_FROM_EMAIL = f"Orchestrall <no-reply@{env.base_host}>"
