"""Tags and filters for every template of the console: `{% load console %}`."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.template.context import RequestContext
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify

from apps.common import formats
from apps.common.widgets import CHARTS, ScoreWidget, TableWidget, TimelineWidget
from apps.console import tones
from apps.console.scales import score_drawing
from apps.console.statuses import status_of
from apps.console.tables import TableView
from apps.console.timelines import timeline_drawing

register = template.Library()

register.filter("number", formats.number)
register.filter("duration", formats.duration)
register.filter("bytes", formats.size)
register.filter("tone", tones.tone)
register.filter("tone_icon", tones.tone_icon)


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite by name. It is decoration: the words beside it say the same."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def status(key: str, text: str = "") -> SafeString:
    """A state as word, icon and colour. `text` replaces the word, for example "Retry 2 of 3"."""
    item = status_of(str(key))
    return format_html(
        '<span class="o-st st" data-st="{}">{}{}</span>',
        item.tone,
        icon(item.icon, "o-spin" if item.spins else ""),
        text or item.word,
    )


@register.simple_tag
def status_icon(key: str) -> SafeString:
    """The icon of a state, where its word stands beside it."""
    item = status_of(str(key))
    return icon(item.icon, "ic-s o-spin" if item.spins else "ic-s")


@register.filter
def status_tone(key: str) -> str:
    """The colour family of a state: the value of `data-st`."""
    return status_of(str(key)).tone


@register.filter
def when(value: datetime | date | None) -> str | SafeString:
    """A moment, in the viewer's zone where scripts run and in UTC where not; relative under an hour."""
    if value is None:
        return formats.NOTHING
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value))
    value = value.astimezone(timezone.get_current_timezone())
    span = timezone.now() - value
    recent = timedelta(0) <= span < timedelta(hours=1)
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>',
        value.isoformat(timespec="seconds"),
        f"{formats.day(value)}, {value:%H:%M:%S} {value.tzname()}",
        formats.ago(span) if recent else formats.moment(value),
    )


@register.filter
def clock(value: datetime) -> SafeString:
    """A moment as the time of its day, with seconds: in the viewer's zone where scripts run and in UTC where not."""
    value = value.astimezone(timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" title="{}" data-clock>{}</time>',
        value.isoformat(timespec="seconds"),
        f"{formats.day(value)}, {value:%H:%M:%S} {value.tzname()}",
        f"{value:%H:%M:%S}",
    )


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """The current query string with some values changed; an empty value is removed. Without the question mark."""
    values = context["request"].GET.copy()
    for key, value in changes.items():
        values.pop(key, None)
        if value not in (None, ""):
            values[key] = str(value)
    return str(values.urlencode())


@register.simple_tag(takes_context=True)
def widget(context: RequestContext, item: Any) -> str:
    """A widget of an agent's result, or a `TableView` over one."""
    request = context["request"]
    if isinstance(item, TableWidget):
        item = TableView(item, request)
    values: dict[str, Any] = {"widget": item, "id": _free_id(request, getattr(item, "key", "") or item.title)}
    if isinstance(item, TableView):
        values |= {"table": item, "widget": item.widget, "id": f"t-{slugify(item.key)}"}
    if isinstance(item, CHARTS) and not item.is_empty:
        values["data"] = item.model_dump(mode="json")
        # Scripts draw most of them; what can be read without them is drawn here.
        if isinstance(item, ScoreWidget):
            values["drawing"] = score_drawing(item)
        elif isinstance(item, TimelineWidget):
            values["drawing"] = timeline_drawing(item)
    return get_template(f"console/widgets/{item.kind}.html").render(values, request)


def _free_id(request: Any, name: str) -> str:
    """An element id from a name, unlike any other on this page."""
    if not hasattr(request, "_widget_ids"):
        request._widget_ids = Counter()
    base = f"w-{slugify(name) or 'widget'}"
    request._widget_ids[base] += 1
    number = request._widget_ids[base]
    return base if number == 1 else f"{base}-{number}"


@register.filter
def coded(text: str) -> str:
    """A sentence in which names stand between backticks, as descriptions of fields are written: those as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them is open, so they are not meant as marks
        return text
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in enumerate(parts))
    )


@register.filter
def cell(value: Any) -> str:
    """A figure of a widget as text: numbers grouped, everything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return formats.number(value) if isinstance(value, int | float) or value is None else str(value)
