"""The policy of pages: nothing inline, nothing from elsewhere. Every template and script of ours is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from apps.accounts.models import User
from orchestrall.settings.env import BASE_DIR

# What is downloaded to be kept must be whole by itself, styles included; the console never shows it.
DOWNLOADED = {"agents/paper.html", "compliance/privacy_file.html"}
TEMPLATES = sorted(
    path
    for path in (BASE_DIR / "templates").rglob("*.html")
    if str(path.relative_to(BASE_DIR / "templates")) not in DOWNLOADED
)
STATIC = BASE_DIR / "static"
SOURCES = sorted([*STATIC.rglob("*.js"), *STATIC.rglob("*.css")])
# Shown to people as an example of what to type, or names a vocabulary; nothing is loaded from there.
NAMED_ONLY = {"http://www.w3.org/2000/svg"}

INLINE = {
    "a script in the page": re.compile(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=\s*[\"']", re.IGNORECASE),
    "a handler attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
    "a script address": re.compile(r"javascript:", re.IGNORECASE),
    "code in an attribute of htmx": re.compile(r"\shx-(?:on|vals=[\"']js:)", re.IGNORECASE),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_carries_nothing_inline(path: Path) -> None:
    text = path.read_text()
    assert [name for name, pattern in INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize("text", ["<script>x</script>", '<p style="x">', "<p onclick='x'>", '<a href="javascript:x">'])
def test_the_scan_finds_what_it_looks_for(text: str) -> None:
    assert any(pattern.search(text) for pattern in INLINE.values())


@pytest.mark.parametrize("path", [*TEMPLATES, *SOURCES], ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    found = re.findall(
        r"(?:src|href|url|import|from|fetch)\s*[=(]?\s*[\"'(]?((?:https?:)?//[^\s\"')]+)", path.read_text()
    )
    assert set(found) - NAMED_ONLY == set()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".js"], ids=lambda path: path.name)
def test_a_script_makes_no_code_or_markup_of_text(path: Path) -> None:
    assert not re.search(
        r"\beval\(|new Function\(|\.innerHTML\b|\.outerHTML\b|insertAdjacentHTML|document\.write", path.read_text()
    )


@pytest.mark.parametrize("address", ["/", "/help/", "/accounts/login/", "/nowhere/"])
def test_every_page_carries_the_policy(
    member: Callable[..., User], client_for: Callable[..., Client], address: str
) -> None:
    policy = client_for(member()).get(address)["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == "'self'"
    assert directives["default-src"] == "'none'"
    assert directives["base-uri"] == "'none'"
    assert directives["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("address", ["/", "/help/", "/accounts/login/"])
def test_a_rendered_page_has_nothing_inline_either(
    member: Callable[..., User], client_for: Callable[..., Client], address: str
) -> None:
    user = None if address.startswith("/accounts/") else member("owner")
    page = client_for(user).get(address).content.decode()
    assert [name for name, pattern in INLINE.items() if pattern.search(page)] == []
