"""A state has a word, an icon and a colour, in both themes."""

from __future__ import annotations

import re

import pytest

from apps.console.statuses import STATUSES, as_json, status_of
from orchestrall.settings.env import BASE_DIR

FOLDER = BASE_DIR / "static" / "console" / "css"
THEME, STATES = (FOLDER / "theme.css").read_text(), (FOLDER / "states.css").read_text()


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2 between two colours written #rrggbb."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def tokens(selector: str) -> dict[str, str]:
    """The colours that the block of a selector declares."""
    block = THEME[THEME.index(selector) :].partition("}")[0]
    return dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block))


@pytest.mark.parametrize("theme", [':root,\n[data-bs-theme="light"]', '[data-bs-theme="dark"]'])
@pytest.mark.parametrize("tone", sorted({status.tone for status in STATUSES.values()}))
def test_every_tone_can_be_read_in_both_themes(theme: str, tone: str) -> None:
    colours = tokens(theme)
    assert contrast(colours[f"--st-{tone}"], colours[f"--st-{tone}-bg"]) >= 4.5


@pytest.mark.parametrize("tone", sorted({status.tone for status in STATUSES.values()} - {"queued"}))
def test_every_tone_has_its_rule(tone: str) -> None:
    assert f'.st[data-st="{tone}"]' in STATES


def test_words_differ() -> None:
    words = [status.word for status in STATUSES.values()]
    assert len(words) == len(set(words))


def test_a_state_that_nobody_worded_is_shown_as_it_is() -> None:
    assert status_of("waiting_for_rain").word == "Waiting for rain"
    assert status_of("").word == "Unknown"


def test_scripts_get_the_same_vocabulary() -> None:
    assert as_json()["running"] == {"word": "Running", "icon": "loader-2", "tone": "running", "spins": True}
    assert set(as_json()) == set(STATUSES)
