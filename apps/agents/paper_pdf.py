"""Papers as PDF: text in flow, in fonts that the file brings along itself."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from apps.agents.papers import Paper, Section

REGULAR, BOLD = "Vera", "VeraBd"
MARGIN: Final = 44
"""Points."""
INSET: Final = 6
"""Of the text in the frame of a page, as the library has it."""
_INK, _GREY, _LINE = "#111827", "#5b6472", "#cfd4dc"


def pdf_bytes(paper: Paper) -> bytes:
    """The paper as PDF, A4. The same paper gives the same bytes.

    Bitstream Vera, which comes with the library, has the letters of western European languages. Another character is
    written as its code point, as in `<U+4E2D>`, and the paper says so: the HTML of the same paper has it.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    told = _Words()
    flow = _flow(paper, told)
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=told.plain(paper.title),
        author="",
        invariant=1,  # no moment and no random id
    )

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 6.5)
        canvas.setFillColor(_GREY)
        canvas.drawString(MARGIN + INSET, MARGIN / 2, f"SHA-256 {paper.digest}")
        canvas.drawRightString(A4[0] - MARGIN - INSET, MARGIN / 2, f"Page {page.page}")
        canvas.restoreState()

    document.build(flow, onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue()


class _Words:
    """Text as the fonts can show it. Remembers whether something was left to code points."""

    def __init__(self) -> None:
        self.known = _letters()
        self.replaced = False

    def plain(self, text: str) -> str:
        shown = []
        for letter in text:
            if letter in "\n\t" or ord(letter) in self.known:
                shown.append(letter)
            elif letter.isprintable():
                self.replaced = True
                shown.append(f"<U+{ord(letter):04X}>")
        return "".join(shown)

    def __call__(self, text: str) -> str:
        """Escaped for the library's markup."""
        return escape(self.plain(text)).replace("\n", "<br/>")


@cache
def _letters() -> frozenset[int]:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    fonts = [TTFont(name, f"{name}.ttf") for name in (REGULAR, BOLD)]
    for font in fonts:
        pdfmetrics.registerFont(font)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))


def _style(size: float, *, bold: bool = False, colour: str = _INK, before: float = 0, indent: float = 0) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(
        f"{size}{bold}{colour}{before}{indent}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.35,
        textColor=HexColor(colour),
        spaceBefore=before,
        leftIndent=indent,
        splitLongWords=1,
    )


def _flow(paper: Paper, told: _Words) -> list[Any]:
    from reportlab.platypus import HRFlowable, Paragraph

    flow = [
        Paragraph(told(paper.title), _style(9, colour=_GREY)),
        Paragraph(told(paper.verdict), _style(17, bold=True, before=2)),
        Paragraph(told(paper.summary), _style(10, before=4)),
        HRFlowable(width="100%", color=_LINE, spaceBefore=8, spaceAfter=6),
        *_pairs(paper.facts, told),
    ]
    for section in paper.sections:
        flow += _section(section, told)
    if paper.caveat:
        flow.append(Paragraph(told(paper.caveat), _style(9, bold=True, before=12)))
    if told.replaced:
        why = "Characters that the font of this file lacks are written as their Unicode code points in angle brackets."
        flow.append(Paragraph(f"{why} The HTML of this paper has them.", _style(7.5, colour=_GREY, before=12)))
    return flow


def _section(section: Section, told: _Words) -> list[Any]:
    from reportlab.platypus import Paragraph

    flow = [Paragraph(told(section.title), _style(10.5, bold=True, before=9)), *_pairs(section.pairs, told)]
    for number, (text, more) in enumerate(section.points, 1):
        flow.append(Paragraph(f"{number}. {told(text)}", _style(9, before=3)))
        flow += [Paragraph(told(each), _style(8, colour=_GREY, before=1, indent=14)) for each in more]
    return flow


def _pairs(pairs: list[tuple[str, str]], told: _Words) -> list[Any]:
    from reportlab.platypus import Paragraph, Table, TableStyle

    if not pairs:
        return []
    rows = [
        [Paragraph(told(term), _style(8, colour=_GREY)), Paragraph(told(text), _style(8.5))] for term, text in pairs
    ]
    table = Table(rows, colWidths=[140, None], spaceBefore=4, splitInRow=1)  # a text may be longer than a page
    close = [(f"{side}PADDING", (0, 0), (-1, -1), 1.5) for side in ("TOP", "BOTTOM")]
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0), *close]))
    return [table]
