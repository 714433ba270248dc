"""The judge of the attacks: it sees a leak wherever it is hidden."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest
from django.http import HttpResponse, HttpResponseRedirect

from tests.isolation.attacks import ATTACKS, Attack, Scene, failing, finding
from tests.isolation.operations import Operation

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
    assert "not refused" in finding(PAGE, REFUSED, scene, answer, changed=False)
    assert finding(PAGE, OWN_AT_MOST, scene, answer, changed=False) == ""


@pytest.mark.parametrize(
    "answer", [HttpResponse(status=401), HttpResponse(status=404), HttpResponseRedirect("/accounts/login/?next=/runs/")]
)
def test_a_refusal_is_one(scene: Scene, answer: HttpResponse) -> None:
    assert finding(PAGE, REFUSED, scene, answer, changed=False) == ""


def test_a_link_is_refused_in_words(scene: Scene) -> None:
    assert finding(LINK, REFUSED, scene, HttpResponse("<h1>This link no longer works</h1>"), changed=False) == ""
    assert "not refused" in finding(LINK, REFUSED, scene, HttpResponse("<h1>Choose a password</h1>"), changed=False)


def test_an_owner_who_is_kept_out_or_shown_nothing_is_found(scene: Scene) -> None:
    side, other = scene.ours, scene.theirs
    assert "404" in failing(PAGE, side, other, HttpResponse(status=404))
    assert "sign-in" in failing(PAGE, side, other, HttpResponseRedirect("/accounts/login/?next=/"))
    assert "UNMARKED" in failing(PAGE, side, other, HttpResponse("an empty list"))
    assert "the other's" in failing(PAGE, side, other, HttpResponse(f"{side.marker} and {other.marker}"))
    assert failing(PAGE, side, other, HttpResponse(f"a list with {side.marker}")) == ""
