"""The controls of forms from schemas: `{% load schemaforms %}`. Made here, as a table has hundreds of them."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.console.schemaforms.fields import Field
from apps.console.schemaforms.values import ORIGIN, REMOVED

register = template.Library()
_MODES = {"integer": "numeric", "number": "decimal"}
_CHECKED, _SELECTED, _CODE = SafeString(" checked"), SafeString(" selected"), SafeString(' mono" spellcheck="false')
_PLACEHOLDERS = {"datetime": "2026-11-25T16:40+01:00", "duration": "01:30:00"}


@register.simple_tag
def control(field: Field, label: str = "", suggest: str = "") -> SafeString:
    """What a value is entered with. `label` names it where no label stands beside it, as in a row; `suggest` is the
    address that helps to type it."""
    attributes = _attributes(field, label)
    if field.kind == "choice":
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((value, _SELECTED if value == field.value else "", text) for value, text in field.choices),
        )
        return format_html('<select class="form-select{}" {}>{}</select>', _wrong(field), attributes, options)
    if field.kind in {"longtext", "json"}:
        more = _CODE if field.kind == "json" else ""
        rows = min(16, max(3 if field.kind == "longtext" else 4, field.value.count("\n") + 1))
        return format_html(
            '<textarea class="form-control{}{}" rows="{}" {}>\n{}</textarea>',
            _wrong(field),
            more,
            rows,
            attributes,
            field.value,
        )
    if field.kind == "flag":
        checked = _CHECKED if field.value.lower() == "true" else ""
        return format_html(
            '<input type="hidden" name="{}" value="false">'
            '<input class="form-check-input{}" type="checkbox" value="true" {}{}>',
            field.name, _wrong(field), attributes, checked,
        )  # fmt: skip
    return _input(field, attributes, suggest)


def _input(field: Field, attributes: SafeString, suggest: str) -> SafeString:
    more: list[tuple[str, Any]] = [("type", field.input_type)]
    if field.kind in _MODES:
        more.append(("inputmode", _MODES[field.kind]))
    if field.kind in _PLACEHOLDERS:
        more.append(("placeholder", _PLACEHOLDERS[field.kind]))
    if field.kind == "secret":
        more += [("autocomplete", "new-password"), ("placeholder", "Set, and not shown" if field.is_set else "Not set")]
    else:
        more.append(("value", field.value))
        if field.shape.suggest and suggest:
            more += [("data-suggest", suggest), ("autocomplete", "off")]
    told = format_html_join(" ", '{}="{}"', more)
    number = " num" if field.kind in _MODES else ""
    made = format_html('<input class="form-control{}{}" {} {}>', number, _wrong(field), attributes, told)
    return format_html("{}{}", made, _kept(field)) if field.kind == "secret" else made


def _kept(field: Field) -> SafeString:
    """Beside a secret: where the one that is kept came from, and the wish to have none."""
    kept = format_html('<input type="hidden" name="{}.{}" value="{}">', field.name, ORIGIN, field.origin)
    if not field.is_set or field.required:
        return kept
    return format_html(
        '{}<label class="form-check mt-1"><input class="form-check-input" type="checkbox" name="{}.{}" value="yes"{}>'
        '<span class="form-check-label">Remove it</span></label>',
        kept, field.name, REMOVED, _CHECKED if field.removed else "",
    )  # fmt: skip


def _attributes(field: Field, label: str) -> SafeString:
    made: list[tuple[str, Any]] = [("id", field.id), ("name", field.name)]
    if label:
        made.append(("aria-label", label))
    if field.error or (field.help and not label):
        made.append(("aria-describedby", f"{field.id}-h"))
    if field.error:
        made.append(("aria-invalid", "true"))
    if field.required and field.kind not in {"flag", "secret"}:
        made.append(("aria-required", "true"))
    return format_html_join(" ", '{}="{}"', made)


def _wrong(field: Field) -> str:
    return " is-invalid" if field.error else ""
