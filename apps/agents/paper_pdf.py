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
SCALES: Final = (0.92, 0.84, 0.76)
"""What takes a little more than a page is set smaller, down to 6 points, which still read well on paper."""
_INK, _GREY, _LINE = "#111827", "#5b6472", "#cfd4dc"


def pdf_bytes(paper: Paper) -> bytes:
    """The paper as PDF, A4: one page wherever it can be read on one. The same paper gives the same bytes.

    Bitstream Vera, which comes with the library, has the letters of western European languages. Another character is
    written as its code point, as in `<U+4E2D>`, and the paper says so: the HTML of the same paper has it.
    """
    content, pages = _printed(paper, 1.0)
    if pages != 2:  # what takes three pages does not fit on one
        return content
    smaller = (_printed(paper, scale) for scale in SCALES)
    return next((made for made, pages in smaller if pages == 1), content)


def _printed(paper: Paper, scale: float) -> tuple[bytes, int]:
    """The paper with its type at this scale, and how many pages it takes."""
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    told, margin = _Words(), MARGIN * scale
    flow = _flow(paper, told, scale)
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        title=told.plain(paper.title),
        author="",
        invariant=1,  # no moment and no random id
    )

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFont(REGULAR, 6.5)
        canvas.setFillColor(_GREY)
        canvas.drawString(margin + INSET, margin / 2, f"SHA-256 {paper.digest}")
        canvas.drawRightString(A4[0] - margin - INSET, margin / 2, f"Page {page.page}")
        canvas.restoreState()

    document.build(flow, onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue(), document.page


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


class _Type:
    """Paragraphs and tables, with every size at a scale."""

    def __init__(self, told: _Words, scale: float) -> None:
        self.told, self.scale = told, scale

    def text(
        self, text: str, size: float, *, bold: bool = False, colour: str = _INK, before: float = 0, indent: float = 0
    ) -> Any:
        """A paragraph. `text` is the library's markup: see `_Words`."""
        from reportlab.lib.colors import HexColor
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        style = ParagraphStyle(
            f"{size}{bold}{colour}{before}{indent}",
            fontName=BOLD if bold else REGULAR,
            fontSize=size * self.scale,
            leading=size * self.scale * 1.35,
            textColor=HexColor(colour),
            spaceBefore=before * self.scale,
            leftIndent=indent,
            splitLongWords=1,
        )
        return Paragraph(text, style)

    def pairs(self, pairs: list[tuple[str, str]]) -> list[Any]:
        from reportlab.platypus import Table, TableStyle

        if not pairs:
            return []
        rows = [[self.text(self.told(term), 8, colour=_GREY), self.text(self.told(text), 8.5)] for term, text in pairs]
        # A text may be longer than a page.
        table = Table(rows, colWidths=[140, None], spaceBefore=4 * self.scale, splitInRow=1)
        close = [(f"{side}PADDING", (0, 0), (-1, -1), 1.5 * self.scale) for side in ("TOP", "BOTTOM")]
        table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0), *close]))
        return [table]


def _flow(paper: Paper, told: _Words, scale: float) -> list[Any]:
    from reportlab.platypus import HRFlowable

    made = _Type(told, scale)
    flow = [
        made.text(told(paper.title), 9, colour=_GREY),
        made.text(told(paper.verdict), 17, bold=True, before=2),
        made.text(told(paper.summary), 10, before=4),
        HRFlowable(width="100%", color=_LINE, spaceBefore=8 * scale, spaceAfter=6 * scale),
        *made.pairs(paper.facts),
    ]
    for section in paper.sections:
        flow += _section(section, made)
    if paper.caveat:
        flow.append(made.text(told(paper.caveat), 9, bold=True, before=12))
    if told.replaced:
        why = "Characters that the font of this file lacks are written as their Unicode code points in angle brackets."
        flow.append(made.text(f"{why} The HTML of this paper has them.", 7.5, colour=_GREY, before=12))
    return flow


def _section(section: Section, made: _Type) -> list[Any]:
    told = made.told
    flow = [made.text(told(section.title), 10.5, bold=True, before=9), *made.pairs(section.pairs)]
    for number, (text, more) in enumerate(section.points, 1):
        flow.append(made.text(f"{number}. {told(text)}", 9, before=3))
        if more:
            flow.append(made.text(told(" · ".join(more)), 8, colour=_GREY, before=1, indent=14))
    return flow
