"""What production adds, asked of its own settings in a process of its own: TLS, and cookies that no sibling can set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from apps.accounts.models import User
from apps.tenants.models import Tenant

PROGRAM = """
import django, json, logging, sys
django.setup()
logging.disable(logging.CRITICAL)
from django.conf import settings
from django.core.management import call_command
from django.test import Client

def cookies(answer):
    return {name: {key: value for key, value in each.items()} for name, each in answer.cookies.items()}

def told(answer):
    return {"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies(answer)}

settings.ALLOWED_HOSTS = [".localhost"]
tls = {"HTTP_X_FORWARDED_PROTO": "https"}
browser = Client(headers={"host": "acme.localhost"}, raise_request_exception=False)
found = {"plain": told(browser.get("/data/")), "api over plain": told(browser.get("/api/v1/runs"))}
found["mcp over plain"] = told(browser.post("/mcp", "{}", content_type="application/json"))
found["scim over plain"] = told(browser.get("/scim/v2/Users"))
found["hook over plain"] = told(browser.post("/hooks/00000000-0000-0000-0000-000000000001", "{}", "application/json"))
found["probe"] = told(browser.get("/healthz"))
found["plain, bad host"] = told(browser.get("/", headers={"host": "a b"}))
found["sign-in"] = told(browser.get("/accounts/login/", **tls))
form = {"login": sys.argv[1], "password": sys.argv[2]}
found["signed in"] = told(browser.post("/accounts/login/", form, **tls))
found["home"] = told(browser.get("/", **tls))
found["api"] = told(browser.get("/api/v1/nowhere", **tls))
found["nobody"] = told(browser.get("/", headers={"host": "nobody.localhost"}, **tls))
call_command("check", deploy=True, fail_level="WARNING", stdout=sys.stderr)
print(json.dumps(found))
"""


@pytest.fixture
def found(
    committed_db: str, settings: Any, acme: Tenant, member: Callable[..., User], tmp_path: Path
) -> dict[str, Any]:
    """Answers to requests, by what was asked."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]  # production knows no other
    user = member("owner", password="a password for the test")
    address = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, user.email, "a password for the test"],
        env={
            **os.environ,
            "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "tests.gateway.production_settings",
            "ORCHESTRALL_SECRET_KEY": "tests only: " + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
            "ORCHESTRALL_MASTER_KEY": django_settings.MASTER_KEY,
            "ORCHESTRALL_VAR": str(tmp_path),
            "ORCHESTRALL_BASE_HOST": "localhost",
        },
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_production_is_tls_and_cookies_of_one_host(found: dict[str, Any]) -> None:
    assert found["plain"]["status"] == 301
    assert found["plain"]["headers"]["Location"].startswith("https://acme.localhost/")
    assert "Strict-Transport-Security" not in found["plain"]["headers"]
    assert found["probe"]["status"] == 200  # it comes by address, and not over TLS
    assert found["plain, bad host"]["status"] in {400, 404}
    for asked, answer in found.items():
        assert answer["headers"]["X-Frame-Options"] == "DENY", asked
        assert "frame-ancestors 'none'" in answer["headers"]["Content-Security-Policy"], asked
        if asked in {"sign-in", "signed in", "home", "api", "nobody"}:
            wanted = "max-age=31536000; includeSubDomains"
            assert answer["headers"]["Strict-Transport-Security"] == wanted, asked
    assert "upgrade-insecure-requests" in found["home"]["headers"]["Content-Security-Policy"]
    assert found["sign-in"]["status"] == 200
    assert found["signed in"]["status"] == 302, found["signed in"]
    assert found["home"]["status"] == 200

    given = {**found["sign-in"]["cookies"], **found["signed in"]["cookies"]}
    assert set(given) == {"__Host-session", "__Host-csrf"}
    for name, cookie in given.items():
        # What the prefix asks for: Secure, the whole host, and no domain; a browser drops the cookie otherwise.
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", ""), name
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax"), name


def test_programs_that_come_without_tls_are_refused_and_not_led_on(found: dict[str, Any]) -> None:
    for asked in ("api over plain", "mcp over plain", "scim over plain", "hook over plain"):
        assert found[asked]["status"] == 403, asked
        assert found[asked]["headers"]["Content-Type"] == "application/problem+json"
        assert "Location" not in found[asked]["headers"]
    assert found["api"]["status"] in {401, 404}
