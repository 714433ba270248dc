"""The texts that open a door: a scanner knows them without asking us."""

from __future__ import annotations

import re
import zlib

import pytest

from apps.gateway import marks
from orchestrall.settings.env import BASE_DIR


@pytest.mark.parametrize("mark", ["ork_0123abcd_", "orr_", "ort_"])
def test_a_scanner_finds_each_kind_in_a_text_and_checks_it_by_itself(mark: str) -> None:
    texts = [marks.mint(mark) for _ in range(200)]
    source = "\n".join(f'API_KEY="{text}"; curl "/x?key={text}&a=b"' for text in texts)
    found = re.findall(marks.PATTERN, source)
    assert found == [text for text in texts for _ in range(2)]
    assert len(set(found)) == 200
    assert all(marks.is_whole(text, mark) for text in found)


def test_the_guide_for_integrators_shows_the_pattern() -> None:
    assert f"\n{marks.PATTERN}\n" in (BASE_DIR / "docs" / "guides" / "integrators.md").read_text()


def test_the_checksum_is_the_crc_32_in_base_62() -> None:
    assert marks.checksum("") == "000000"
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    assert zlib.crc32(b"123456789") == 0xCBF43926  # the check value of the algorithm
    number = 0
    for digit in marks.checksum("123456789"):
        number = number * 62 + digits.index(digit)
    assert number == 0xCBF43926


def test_any_changed_letter_is_noticed() -> None:
    text = marks.mint("orr_")
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        assert not marks.is_whole(text[:place] + other + text[place + 1 :], "orr_")


@pytest.mark.parametrize("text", ["", "orr_", "orr_" + "\x00" * 49, "é" * 53, "orr_" + "A" * 10_000])
def test_what_is_no_text_of_ours_is_none(text: str) -> None:
    assert not marks.is_whole(text, "orr_")
    assert not marks.is_whole(text, "orr_", or_older=True)


def test_a_key_without_a_checksum_is_whole_only_where_older_ones_are_taken() -> None:
    older = marks.mint("ork_0123abcd_")[:-6]
    assert marks.is_whole(older, "ork_0123abcd_", or_older=True)
    assert not marks.is_whole(older, "ork_0123abcd_")
