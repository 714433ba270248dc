"""The sheets of the console go together on every page, so a name of one must not fall upon what another draws."""

from __future__ import annotations

import re
from collections import defaultdict

from orchestrall.settings.env import BASE_DIR

SHEETS = sorted((BASE_DIR / "static" / "console" / "css").glob("*.css"))
FOR_A_WIDTH = "narrow.css"
"""It says how what the other sheets draw looks on a small screen."""


def test_no_two_sheets_draw_a_class_of_the_same_name() -> None:
    drawn = defaultdict(list)
    for sheet in SHEETS:
        if sheet.name != FOR_A_WIDTH:
            for name in set(re.findall(r"^\.([\w-]+) \{", sheet.read_text(), re.MULTILINE)):
                drawn[name].append(sheet.name)
    assert {name: sheets for name, sheets in drawn.items() if len(sheets) > 1} == {}
