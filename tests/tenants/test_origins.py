"""Origins of web pages: exact, as browsers write them, with words that teach for what is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.errors import InvalidInput
from apps.tenants import context, services
from apps.tenants.context import public_context
from apps.tenants.models import Tenant
from apps.tenants.origins import MOST, origin_of, origins_of


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("  https://app.example.com ", "https://app.example.com"),
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("https://10.1.2.3", "https://10.1.2.3"),
        ("https://[0:0::1]:8443", "https://[::1]:8443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:80", "http://localhost"),
        ("http://shop.localhost:3000", "http://shop.localhost:3000"),
        ("http://127.0.0.1:5173", "http://127.0.0.1:5173"),
        ("http://[::1]:5173", "http://[::1]:5173"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(text: str, origin: str) -> None:
    assert origin_of(text) == origin


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("*", "wildcard"),
        ("https://*.example.com", "wildcard"),
        ("null", "sandboxed"),
        ("NULL", "sandboxed"),
        ("app.example.com", "begin with https://"),
        ("//app.example.com", "begin with https://"),
        ("https:app.example.com", "begin with https://"),
        ("ftp://app.example.com", "begin with https://"),
        ("javascript:alert(1)", "begin with https://"),
        ("file:///etc/passwd", "begin with https://"),
        ("chrome-extension://abcdef", "begin with https://"),
        ("http://app.example.com", "write https://app.example.com"),
        ("http://localhost.example.com", "write https://localhost.example.com"),
        ("http://127.0.0.2", "write https://127.0.0.2"),
        ("https://app.example.com/", "write https://app.example.com."),
        ("https://app.example.com/login", "write https://app.example.com."),
        ("https://app.example.com?x=1", "write https://app.example.com."),
        ("https://app.example.com?", "write https://app.example.com."),
        ("https://app.example.com#", "write https://app.example.com."),
        ("https://user:secret@app.example.com", "name and the password"),
        ("https://@app.example.com", "name and the password"),
        ("https://bücher.example", "xn--"),
        ("https://", "names no host"),
        ("https://:8443", "names no host"),
        ("https://app.example.com:", "names no host"),
        ("https://app.example.com:0", "names no host"),
        ("https://app.example.com.", "names no host"),
        ("https://-app.example.com", "names no host"),
        ("https://app_1.example.com", "names no host"),
        ("https://app example.com", "names no host"),
        ("https://app.example.com\\evil", "names no host"),
        ("https://app.example.com:99999", "no address"),
        ("https://app.example.com:port", "no address"),
        ("https://[::1", "no address"),
        ("https://[fe80::1%25eth0]", "names no host"),
        ("https://[nonsense]", "no address"),
        ("https://a.example https://b.example", "names no host"),
        ("", "begin with https://"),
    ],
)
def test_what_is_no_origin_is_refused_with_what_to_write(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=re.escape(word)):
        origin_of(text)


@given(st.text())
def test_any_other_text_is_an_origin_or_a_refusal(text: str) -> None:
    try:
        origin = origin_of(text)
    except ValueError:
        return
    assert origin_of(origin) == origin
    assert origin.startswith(("https://", "http://"))
    assert not set(origin) & set(" \t\r\n*/\\?#@,;'\"<>") - set("/")
    assert origin.count("/") == 2


def test_a_list_keeps_each_origin_once_and_names_every_flaw() -> None:
    assert origins_of(["https://b.example", "https://a.example", "https://B.example:443"]) == [
        "https://b.example",
        "https://a.example",
    ]
    with pytest.raises(InvalidInput) as refused:
        origins_of(["https://a.example", "*", "null"])
    assert [issue.path for issue in refused.value.issues] == ["cors_origins.1", "cors_origins.2"]


def test_a_list_has_an_end() -> None:
    many = [f"https://a{number}.example" for number in range(MOST + 1)]
    assert len(origins_of(many[:MOST])) == MOST
    with pytest.raises(InvalidInput, match=f"{MOST} origins may be listed"):
        origins_of(many)


def stored(tenant: Tenant) -> list[str]:
    context.forget()
    with public_context():
        return list(Tenant.objects.get(pk=tenant.pk).cors_origins)


def test_a_change_is_whole_or_not_at_all(acme: Tenant, globex: Tenant) -> None:
    services.origins_change(tenant=acme, origins=["https://a.example"])
    assert stored(acme) == ["https://a.example"]
    with pytest.raises(InvalidInput):
        services.origins_change(tenant=acme, origins=["https://b.example", "null"])
    assert stored(acme) == ["https://a.example"]
    assert stored(globex) == []
    services.origins_change(tenant=acme, origins=[])
    assert stored(acme) == []
