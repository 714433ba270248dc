"""Filters and orders of lists (RFC 7644, 3.4.2) as conditions of the database, over attributes that are named here.

The library parses a filter and checks it against the schema. Here each comparison becomes a condition with the value as
a parameter; an attribute that is not named, or an operator that would read every row, is refused as `invalidFilter`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from django.db.models import Q
from scim2_models import InvalidFilterException, InvalidPathException, ScimFilter, SearchRequest
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
    coerce_value,
)

from apps.accounts.models import DirectoryMembership
from apps.accounts.scim.documents import Document, Group, User

Attribute = tuple[str, str | None]
"""Names of an attribute's field and of that of its part."""


@dataclass(frozen=True)
class Column:
    """Where an attribute stands."""

    lookup: str
    kind: Literal["text", "exact", "boolean", "time", "id", "related", "entries"]
    """`text` is compared without its case. `entries` is a list of objects in small letters, compared by what one of
    them holds. `related` is who belongs together: `lookup` is the side of a membership that is asked for."""


_META: Final[dict[Attribute, Column]] = {("id", None): Column("pk", "id")}
USERS: Final[dict[Attribute, Column]] = {
    **_META,
    ("user_name", None): Column("email", "text"),
    ("external_id", None): Column("directory__external_id", "exact"),
    ("display_name", None): Column("directory__profile__displayName", "text"),
    ("name", "formatted"): Column("directory__profile__name__formatted", "text"),
    ("name", "family_name"): Column("directory__profile__name__familyName", "text"),
    ("name", "given_name"): Column("directory__profile__name__givenName", "text"),
    ("active", None): Column("is_active", "boolean"),
    ("emails", "value"): Column("directory__addresses", "entries"),
    ("emails", "type"): Column("directory__addresses", "entries"),
    ("emails", "primary"): Column("directory__addresses", "entries"),
    ("groups", "value"): Column("group", "related"),
    ("meta", "created"): Column("created_at", "time"),
    ("meta", "last_modified"): Column("directory__changed_at", "time"),
}
GROUPS: Final[dict[Attribute, Column]] = {
    **_META,
    ("external_id", None): Column("external_id", "exact"),
    ("display_name", None): Column("display_name", "text"),
    ("members", "value"): Column("user", "related"),
    ("meta", "created"): Column("created_at", "time"),
    ("meta", "last_modified"): Column("changed_at", "time"),
}
COLUMNS: Final[Mapping[type, Mapping[Attribute, Column]]] = {User: USERS, Group: GROUPS}

_TEXT: Final = {
    CompareOperator.eq: "iexact",
    CompareOperator.co: "icontains",
    CompareOperator.sw: "istartswith",
    CompareOperator.ew: "iendswith",
}
_EXACT: Final = {
    CompareOperator.eq: "exact",
    CompareOperator.co: "contains",
    CompareOperator.sw: "startswith",
    CompareOperator.ew: "endswith",
}
_TIME: Final = {
    CompareOperator.eq: "exact",
    CompareOperator.gt: "gt",
    CompareOperator.ge: "gte",
    CompareOperator.lt: "lt",
    CompareOperator.le: "lte",
}
_SAME: Final = {CompareOperator.eq: "exact"}
_LOOKUPS: Final = {
    "text": _TEXT,
    "exact": _EXACT,
    "time": _TIME,
    "boolean": _SAME,
    "id": _SAME,
    "related": _SAME,
    "entries": _SAME,
}


def condition_of(model: type[Document], narrowing: ScimFilter[Any]) -> Q:
    """The rows that a filter, bound to `model`, lets through. Raises `InvalidFilterException`."""
    return _Compiler(ScimFilter[model](narrowing), COLUMNS[model]).visit(narrowing.ast)  # type: ignore[valid-type]


def order_of(model: type[Document], asked: SearchRequest[Document]) -> list[str]:
    """The columns that a list is ordered by; always ends with one that tells rows apart. Raises
    `InvalidPathException`."""
    binding = asked.sort_binding(model)
    if binding is None:
        return ["pk"]
    column = COLUMNS[model].get((binding.field_name, binding.sub_field_name))
    if column is None or column.kind in {"entries", "related"}:
        raise InvalidPathException(detail=f"Lists are not ordered by {asked.sort_by} here.")
    falling = asked.sort_order == SearchRequest.SortOrder.descending
    return [f"-{column.lookup}" if falling else column.lookup, "pk"]


class _Compiler(FilterVisitor[Q]):
    def __init__(self, narrowing: ScimFilter[Any], columns: Mapping[Attribute, Column]) -> None:
        self._filter, self._columns = narrowing, columns

    def visit_comparison(self, node: Comparison) -> Q:
        binding = self._filter.resolve_comparison(node.attr_path)
        column = self._column(binding, node.attr_path)
        assert binding is not None  # noqa: S101  # the filter is bound to a model
        value = coerce_value(binding, node.value, node.op)
        if node.op == CompareOperator.ne:
            return ~self._compared(column, binding, CompareOperator.eq, value)
        return self._compared(column, binding, node.op, value)

    def visit_present(self, node: Present) -> Q:
        binding = self._filter.resolve_comparison(node.attr_path)
        return self._present(self._column(binding, node.attr_path))

    def _present(self, column: Column) -> Q:
        if column.kind == "related":
            return _belonging(column)
        if column.kind == "entries":
            return Q(**{f"{column.lookup}__isnull": False}) & ~Q(**{column.lookup: []})
        there = Q(**{f"{column.lookup}__isnull": False})
        return there & ~Q(**{column.lookup: ""}) if column.kind in {"text", "exact"} else there

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        both = node.op == LogicalOperator.and_
        found = Q()
        for term in node.terms:
            found = found & self.visit(term) if both else found | self.visit(term)
        return found

    def visit_value_path(self, node: ValuePath) -> Q:
        """One entry that holds all that is asked: comparisons by `eq`, joined by `and`."""
        wanted: dict[str, Any] = {}
        lookup = ""
        for term in _terms(node.val_filter):
            path = AttrPath(node.attr_path.attr, term.attr_path.attr, node.attr_path.uri)
            binding = self._filter.resolve_comparison(path)
            column = self._column(binding, path)
            assert binding is not None  # noqa: S101
            lookup = column.lookup
            if column.kind == "related":
                return self._compared(column, binding, CompareOperator.eq, term.value)
            wanted[str(binding.sub_field_name)] = _small(coerce_value(binding, term.value, term.op))
        return Q(**{f"{lookup}__contains": [wanted]})

    def _column(self, binding: AttributeBinding | None, path: AttrPath) -> Column:
        column = self._columns.get((binding.field_name, binding.sub_field_name)) if binding else None
        if column is None:
            raise InvalidFilterException(detail=f"Lists are not filtered by {path} here.")
        return column

    def _compared(self, column: Column, binding: AttributeBinding, op: CompareOperator, value: Any) -> Q:
        lookups = _LOOKUPS.get(column.kind, _SAME)
        lookup = lookups.get(op)
        if lookup is None:
            known = ", ".join(each.value for each in [*lookups, CompareOperator.ne])
            raise InvalidFilterException(detail=f"{binding.urn} is compared by {known} or pr here, and not by {op}.")
        if value is None:
            return ~self._present(column)
        if column.kind == "entries":
            return Q(**{f"{column.lookup}__contains": [{str(binding.sub_field_name): _small(value)}]})
        if column.kind in {"id", "related"}:
            try:
                id = UUID(str(value))
            except ValueError:
                return Q(pk__in=[])  # no id that was ever given out
            return _belonging(column, id) if column.kind == "related" else Q(pk=id)
        return Q(**{f"{column.lookup}__{lookup}": _stored(value)})


def _belonging(column: Column, id: UUID | None = None) -> Q:
    """Whoever belongs to this one, or to any."""
    other = {"group": "user", "user": "group"}[column.lookup]
    found = (
        DirectoryMembership.objects.all() if id is None else DirectoryMembership.objects.filter(**{column.lookup: id})
    )
    return Q(pk__in=found.values(f"{other}_id"))


def _stored(value: Any) -> Any:
    """The value, where the database could have it. Raises `InvalidFilterException`."""
    if isinstance(value, str) and ("\x00" in value or not value.isprintable()):
        raise InvalidFilterException(detail="The filter holds a character that no text here has.")
    return value


def _small(value: Any) -> Any:
    return _stored(value.lower()) if isinstance(value, str) else value


def _terms(node: FilterNode) -> list[Comparison]:
    """The comparisons by `eq` that `and` joins. Raises `InvalidFilterException` for anything else."""
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
        return [each for term in node.terms for each in _terms(term)]
    if isinstance(node, Comparison) and node.op == CompareOperator.eq:
        return [node]
    raise InvalidFilterException(detail="In brackets, comparisons by eq that are joined by and are understood here.")
