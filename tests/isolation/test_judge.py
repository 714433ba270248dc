"""The judge of the attacks: it sees a leak wherever it is hidden."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest
from django.http import HttpResponse, HttpResponseRedirect

from tests.isolation.attacks import ATTACKS, Attack
from tests.isolation.judge import failing, finding
from tests.isolation.operations import Operation
from tests.isolation.scene import Scene

PAGE = Operation("GET", "/runs/", "agents", is_api=False, is_open=False)
LINK = Operation(
    "GET",
    "/accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    "allauth",
    is_api=False,
    is_open=True,
)
ATTACK = {attack.name: attack for attack in ATTACKS}
REFUSED, OWN_AT_MOST = ATTACK["foreign session"], ATTACK["id that both have"]
HIDDEN, FOREIGN_LINK = ATTACK["id of a foreign thing"], ATTACK["foreign link for an account that both have"]
API = Operation("GET", "/api/v1/runs", "agents", is_api=True, is_open=False)


def workbook(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/sharedStrings.xml", text * 20)
    return packed.getvalue()


def leaks(marker: str) -> Iterator[HttpResponse]:
    yield HttpResponse(f"<td>Sales {marker}</td>")
    yield HttpResponse(f"<td>Sales {marker}</td>", status=404)
    yield HttpResponse(headers={"Content-Disposition": f'attachment; filename="{marker}.csv"'})
    yield HttpResponseRedirect(f"/runs/?q={marker}")
    yield HttpResponse(workbook(marker))


@pytest.mark.parametrize("attack", [REFUSED, OWN_AT_MOST], ids=lambda attack: attack.name)
def test_what_is_theirs_is_found_in_bodies_headers_and_workbooks(attack: Attack, scene: Scene) -> None:
    for answer in leaks(scene.theirs.marker):
        assert "what is theirs" in finding(PAGE, attack, scene, answer, changed=False)
    for answer in leaks(scene.ours.marker):
        assert "what is theirs" not in finding(PAGE, attack, scene, answer, changed=False)


def test_rows_that_changed_and_servers_that_broke_are_found(scene: Scene) -> None:
    assert "changed rows" in finding(PAGE, OWN_AT_MOST, scene, HttpResponse("ok"), changed=True)
    assert "it broke" in finding(PAGE, OWN_AT_MOST, scene, HttpResponse(status=500), changed=False)


@pytest.mark.parametrize("answer", [HttpResponse("ok"), HttpResponse(status=204), HttpResponseRedirect("/runs/")])
def test_what_had_to_be_refused_and_was_not_is_found(scene: Scene, answer: HttpResponse) -> None:
    for attack in (REFUSED, HIDDEN):
        assert "had to be refused" in finding(PAGE, attack, scene, answer, changed=False)
    assert finding(PAGE, OWN_AT_MOST, scene, answer, changed=False) == ""


def test_a_refusal_that_tells_more_than_it_may_is_found(scene: Scene) -> None:
    """403 would say that the thing exists; a page of one's own that nobody may open would say who is signed in."""
    for status in (400, 401, 403, 409, 410, 412, 422):
        assert "had to be refused" in finding(PAGE, HIDDEN, scene, HttpResponse(status=status), changed=False)
    for status in (403, 404):
        assert "had to be refused" in finding(API, REFUSED, scene, HttpResponse(status=status), changed=False)


def test_a_refusal_is_one(scene: Scene) -> None:
    assert finding(API, REFUSED, scene, HttpResponse(status=401), changed=False) == ""
    assert finding(API, HIDDEN, scene, HttpResponse(status=404), changed=False) == ""
    assert finding(PAGE, HIDDEN, scene, HttpResponse(status=404), changed=False) == ""
    to_sign_in = HttpResponseRedirect("/accounts/login/?next=/runs/")
    assert finding(PAGE, REFUSED, scene, to_sign_in, changed=False) == ""


def test_a_link_is_refused_in_words(scene: Scene) -> None:
    assert finding(LINK, FOREIGN_LINK, scene, HttpResponse("<h1>This link no longer works</h1>"), changed=False) == ""
    shown = HttpResponse("<h1>Choose a password</h1>")
    assert "had to be refused" in finding(LINK, FOREIGN_LINK, scene, shown, changed=False)


def test_an_owner_who_is_kept_out_or_shown_nothing_is_found(scene: Scene) -> None:
    side, other = scene.ours, scene.theirs
    assert "404" in failing(PAGE, side, other, HttpResponse(status=404))
    assert "sign-in" in failing(PAGE, side, other, HttpResponseRedirect("/accounts/login/?next=/"))
    assert "unmarked" in failing(PAGE, side, other, HttpResponse("an empty list"))
    assert "the other's" in failing(PAGE, side, other, HttpResponse(f"{side.marker} and {other.marker}"))
    assert failing(PAGE, side, other, HttpResponse(f"a list with {side.marker}")) == ""
