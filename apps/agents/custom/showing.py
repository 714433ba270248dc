"""How the result of a custom agent is shown, listed and exported."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from apps.agents.custom.contents import Content
from apps.agents.custom.outputs import ABOUT, About
from apps.common.shapes import AnyField, TableField
from apps.common.widgets import Column, Figure, FiguresWidget, Sheet, TableWidget, TextWidget, Widget

_FIGURES: Final = ("integer", "number", "flag", "choice", "date")
_HEADLINE: Final = 200


def headline(content: Content, report: BaseModel) -> str:
    """The verdict, or else the first thing that is said."""
    order = sorted(content.outputs, key=lambda each: each is not content.judged)
    said = [_cell(getattr(report, each.name)) for each in order if each.kind in {*_FIGURES, "text", "long_text"}]
    text = " · ".join(str(each) for each in said[:2] if each not in (None, ""))
    about: About = getattr(report, ABOUT)
    return f"{'Without a model: ' if about.fell_back else ''}{text or content.title}"[:_HEADLINE]


def caveat(about: About) -> str:
    """What a reader must know of how it came about."""
    if about.fell_back:
        return "No model answered: this is what whoever made the agent has set for that."
    if about.unmatched:
        some = ", ".join(dict.fromkeys(each.number for each in about.unmatched[:5]))
        return f"Nobody computed {some}: verify it."
    return ""


def widgets(content: Content, report: BaseModel) -> list[Widget]:
    """The result as widgets: what is short first, then words, then tables, then how it came about."""
    about: About = getattr(report, ABOUT)
    short = [each for each in content.outputs if each.kind in _FIGURES]
    found: list[Widget] = []
    if about.fell_back:
        found.append(
            TextWidget(
                title="No model answered",
                text="What stands here was set by whoever made the agent, for when no model answers.",
                reasons=[about.fell_back],
                tone="warning",
            )
        )
    if short:
        found.append(FiguresWidget(figures=[_figure(each, getattr(report, each.name)) for each in short]))
    found += [_text(each, report, about) for each in content.outputs if each.kind in ("text", "long_text", "list")]
    found += [_table(each, report) for each in content.outputs if isinstance(each, TableField)]
    if content.guardrails.disclaimer:
        found.append(TextWidget(title="Please note", text=content.guardrails.disclaimer))
    if about.model:
        found.append(_how(about))
    return found


def sheet(content: Content, report: BaseModel) -> Sheet:
    """The first table, or else one row of what there is."""
    name = content.title.lower().replace(" ", "-")
    table = next((each for each in content.outputs if isinstance(each, TableField)), None)
    if table is not None:
        columns = [each.name for each in table.columns]
        rows = [[_cell(getattr(row, column)) for column in columns] for row in getattr(report, table.name) or ()]
        return Sheet(name=name, columns=columns, rows=rows)
    columns = [each.name for each in content.outputs]
    return Sheet(name=name, columns=columns, rows=[[_cell(getattr(report, column)) for column in columns]])


def title_of(field: AnyField) -> str:
    return field.title or field.name.replace("_", " ").capitalize()


def _figure(field: AnyField, value: Any) -> Figure:
    return Figure(label=title_of(field), value=_cell(value), unit=getattr(field, "unit", ""), hint=field.help)


def _text(field: AnyField, report: BaseModel, about: About) -> TextWidget:
    value = getattr(report, field.name)
    marked = list(dict.fromkeys(each.number for each in about.unmatched if each.field == field.name))
    told = [f"Not verified, as nobody computed it: {number}" for number in marked]
    if isinstance(value, list):
        return TextWidget(
            title=title_of(field), text=field.help or f"{len(value)} entries", reasons=[*value, *told],
            tone="warning" if marked else "neutral",
        )  # fmt: skip
    return TextWidget(
        title=title_of(field), text=value or "Nothing.", reasons=told, tone="warning" if marked else "neutral"
    )


def _table(field: TableField, report: BaseModel) -> TableWidget:
    rows = getattr(report, field.name) or []
    return TableWidget(
        key=field.name,
        title=title_of(field),
        columns=[
            Column(key=each.name, title=title_of(each), numeric=each.kind in ("integer", "number"), hint=each.help,
                   unit=getattr(each, "unit", ""))
            for each in field.columns
        ],
        rows=[{each.name: _cell(getattr(row, each.name)) for each in field.columns} for row in rows],
        summary=f"{len(rows)} rows.",
    )  # fmt: skip


def _how(about: About) -> TextWidget:
    asked = [f"{each.title or each.tool}: {each.problem or each.note or 'answered'}" for each in about.tools]
    calls = "once" if about.calls == 1 else f"{about.calls} times"
    read = " It read words that somebody outside may have written." if about.read_outside else ""
    return TextWidget(
        title="How it came about",
        text=f"{about.model} was asked {calls}. Its words are not computed.{read}",
        reasons=asked,
    )


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(str(each) for each in value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
