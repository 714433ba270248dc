"""Expressions (CEL) read and checked: what they refer to, what they call, and how far they can go.

The library that evaluates them shows no tree and knows no limits. So the tree comes from another one's parser, and what
could take long is refused here, with its place: a loop inside a loop, and texts or lists that grow within one. What a
check does not foresee is killed by `apps.workflows.cel.evaluating`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from apps.workflows.cel.functions import FUNCTIONS, MACROS, METHODS, Known
from apps.workflows.values import CEL, ROOTS, BadValue, Reference

if TYPE_CHECKING:
    from lark import Token, Tree

LARGEST: Final = 4 * 1024
"""Bytes of an expression."""
DEEPEST: Final = 32
"""Levels of an expression: operators, parentheses, calls, lists and objects inside one another."""
LONGEST_PATH: Final = 32
SIZE: Final = "size_of"
"""What `size` is called in the child."""

_CHAIN: Final = frozenset({"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication"}) | {
    "unary",
    "member",
    "primary",
}
_LEVELS: Final = frozenset(
    {"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication", "unary"}
)
_NESTS: Final = frozenset({"paren_expr", "list_lit", "map_lit", "member_index", "member_dot_arg", "ident_arg"})
_TYPES: Final = {
    "UINT_LIT": "integer",
    "INT_LIT": "integer",
    "FLOAT_LIT": "number",
    "STRING_LIT": "string",
    "MLSTRING_LIT": "string",
    "BOOL_LIT": "boolean",
    "NULL_LIT": "null",
}

_FIXED: Final = {
    "list_lit": "array",
    "map_lit": "object",
    "conditionalor": "boolean",
    "conditionaland": "boolean",
    "relation": "boolean",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that may be evaluated."""

    source: str
    program: str
    """What is evaluated: the library's own `size` counts the bytes of a text, so that ours stands instead."""
    decimal: str
    """That with its whole numbers written with decimals, for data that mixes the two; see `evaluating`."""
    references: tuple[Reference, ...]
    """What it refers to, in order, each once."""
    places: tuple[str, ...]
    """Where each of them stands first: ``line 1, column 5``."""
    gives: str | Reference
    """JSON type of what it gives; the reference where it gives just that; empty where it is not known."""
    grown: tuple[tuple[Reference, str], ...]
    """References that are added with `+` inside a loop, with their places: these must not be texts or lists."""

    def needs(self) -> Iterator[tuple[str, ...]]:
        """The paths of names whose values are passed: no more than the expression refers to."""
        for reference in self.references:
            names = []
            for part in reference.path:
                if not isinstance(part, str):
                    break
                names.append(part)
            yield tuple(names)


@lru_cache(maxsize=1024)
def expression_parse(source: str) -> Expression:
    """The expression of a text. Raises `BadValue` with the line and column, and what is wrong there."""
    if not isinstance(source, str) or not source.strip():
        raise BadValue("`$cel` takes an expression as text, as `inputs.amount * 2`.")
    if (size := len(source.encode())) > LARGEST:
        raise BadValue(f"An expression has at most {LARGEST:,} bytes; this one has {size:,}.")
    tree = _tree(source)
    _require_depth(tree)
    reader = _Reader()
    reader.visit(tree, frozenset(), loop=None)
    found = reader.references
    return Expression(
        source=source,
        program=_replaced(source, reader.sizes),
        decimal=_replaced(source, reader.sizes + reader.whole),
        references=tuple(found),
        places=tuple(found.values()),
        gives="string" if (gives := _gives(tree)) == "moment" else gives,
        grown=tuple(reader.grown),
    )


def _tree(source: str) -> Tree[Token]:
    from celpy.celparser import CELParseError, CELParser  # only where there are expressions: it takes 0.3 s

    try:
        return cast("Tree[Token]", CELParser().parse(source))
    except CELParseError as error:
        where = f"line {error.line}, column {error.column}" if error.line and error.line > 0 else "the end"
        raise BadValue(f"The expression cannot be read at {where}: {_around(source, error)}") from None


def _around(source: str, error: Any) -> str:
    lines = source.splitlines()
    if not error.line or not 0 < error.line <= len(lines):
        return "something is missing there."
    rest = lines[error.line - 1][max(0, error.column - 1) :].strip()
    return (
        f"`{rest[:20]}{'…' if len(rest) > 20 else ''}` does not go on from what is before it."
        if rest
        else ("something is missing there.")
    )


def _require_depth(tree: Tree[Token]) -> None:
    """Without recursion, as the tree may be as deep as it likes."""
    stack: list[tuple[Any, int, int]] = [(tree, 0, 0)]
    while stack:
        node, depth, path = stack.pop()
        if not hasattr(node, "children"):
            continue
        is_level = (node.data in _LEVELS and len(node.children) > 1) or node.data in _NESTS
        depth, path = depth + is_level, path + 1 if node.data == "member_dot" else path
        if depth > DEEPEST or path > DEEPEST * LONGEST_PATH:
            raise BadValue(f"{_place(node)}: an expression has at most {DEEPEST} levels; name parts of it in a step.")
        stack += [(child, depth, path) for child in node.children]


class _Reader:
    """One walk over a tree of bounded depth: what it refers to, calls, loops over and adds up."""

    def __init__(self) -> None:
        self.references: dict[Reference, str] = {}
        self.grown: list[tuple[Reference, str]] = []
        self.whole: list[Token] = []
        """Whole numbers that are no positions in lists."""
        self.sizes: list[Token] = []

    def visit(self, node: Any, bound: frozenset[str], *, loop: str | None) -> None:
        """`bound` are the names of loops around, `loop` is the outermost of those."""
        node = _inner(node)
        if not hasattr(node, "children"):
            return
        match node.data:
            case "literal":
                self._literal(node)
            case "ident" | "member_dot" | "member_index":
                self._chain(node, bound, loop)
            case "member_dot_arg":
                self._method(node, bound, loop)
            case "ident_arg":
                self._function(node, bound, loop)
            case "member_object" | "dot_ident" | "dot_ident_arg":
                raise BadValue(
                    f"{_place(node)}: expressions know no types of messages, and no names that begin with a dot."
                )
            case _:
                if loop is not None and node.data == "addition" and node.children[0].data == "addition_add":
                    self._addition(node, bound)
                for child in node.children:
                    self.visit(child, bound, loop=loop)

    def _literal(self, node: Any) -> None:
        token = node.children[0]
        if token.type == "BYTES_LIT":
            raise BadValue(f"{_place(token)}: values of workflows are texts, and no bytes.")
        if token.type == "UINT_LIT":
            raise BadValue(f"{_place(token)}: write a whole number without `u`.")
        if token.type == "INT_LIT":
            self.whole.append(token)

    def _chain(self, node: Any, bound: frozenset[str], loop: str | None) -> None:
        """A name with what is looked up below it, as far as that is said by names and positions."""
        parts: list[str | int | None] = []
        at = node
        while at.data in {"member_dot", "member_index"}:
            if at.data == "member_dot":
                parts.append(str(at.children[1]))
            else:
                key = _constant(at.children[1])
                parts.append(key)
                if key is None:
                    self.visit(at.children[1], bound, loop=loop)
            at = _inner(at.children[0])
        if at.data != "ident":
            self.visit(at, bound, loop=loop)
            return
        name = str(at.children[0])
        if name in bound:
            return
        path: list[str | int] = [name]
        for part in reversed(parts):
            if part is None:
                break
            path.append(part)
        self._refer(tuple(path), at.children[0])

    def _refer(self, path: tuple[str | int, ...], token: Any) -> None:
        where = _place(token)
        if path[0] not in ROOTS:
            raise BadValue(f"{where}: there is no `{path[0]}`; an expression begins with one of {', '.join(ROOTS)}.")
        if path[0] in {"inputs", "steps"} and len(path) < 2:
            what = "an input" if path[0] == "inputs" else "a step"
            raise BadValue(f"{where}: name {what}, as `{path[0]}.name`: only what is named is passed to an expression.")
        if len(path) > LONGEST_PATH:
            raise BadValue(f"{where}: a reference has at most {LONGEST_PATH} parts.")
        self.references.setdefault(Reference(path), where)

    def _function(self, node: Any, bound: frozenset[str], loop: str | None) -> None:
        name, given = str(node.children[0]), _listed(node.children[1:])
        known = FUNCTIONS.get(name)
        if known is None:
            there = ", ".join(FUNCTIONS)
            raise BadValue(f"{_place(node)}: there is no function `{name}`; there are {there}.")
        _require_count(node, name, known, given)
        if name == "size":
            self.sizes.append(node.children[0])
        if name == "has" and _inner(given[0]).data != "member_dot":
            raise BadValue(f"{_place(node)}: `has` takes a field, as `has(inputs.name.field)`.")
        for each in given:
            self.visit(each, bound, loop=loop)

    def _method(self, node: Any, bound: frozenset[str], loop: str | None) -> None:
        of, name, given = node.children[0], str(node.children[1]), _listed(node.children[2:])
        if name in MACROS:
            self._macro(node, name, given, bound, loop)
            return
        known = METHODS.get(name)
        if known is None:
            there = ", ".join([*MACROS, *METHODS])
            raise BadValue(f"{_place(node)}: there is no `.{name}()`; there are {there}.")
        _require_count(node, name, known, given)
        if name == "size":
            self.sizes.append(node.children[1])
        for each in (of, *given):
            self.visit(each, bound, loop=loop)

    def _macro(self, node: Any, name: str, given: list[Any], bound: frozenset[str], loop: str | None) -> None:
        if loop is not None:
            raise BadValue(
                f"{_place(node.children[1])}: `{name}` stands inside `{loop}`, and a loop may not stand inside "
                "another: work out the inner one in a step before."
            )
        _require_count(node, name, MACROS[name], given)
        variable = _inner(given[0])
        if getattr(variable, "data", "") != "ident":
            raise BadValue(f"{_place(given[0])}: the first part of `{name}` is a name for the item, as `x`.")
        called = str(variable.children[0])
        if called in ROOTS:
            raise BadValue(f"{_place(given[0])}: `{called}` has a meaning already; call the item otherwise, as `x`.")
        self.visit(node.children[0], bound, loop=loop)
        for each in given[1:]:
            self.visit(each, bound | {called}, loop=name)

    def _addition(self, node: Any, bound: frozenset[str]) -> None:
        for side in (node.children[0].children[0], node.children[1]):
            gives = _gives(side)
            if gives in {"string", "array"}:
                raise BadValue(grown_said(_place(side), gives))
            if isinstance(gives, Reference) and gives.root not in bound:
                self.grown.append((gives, _place(side)))


def grown_said(place: str, gives: str) -> str:
    """Why what is added inside a loop is refused."""
    told = "texts" if gives == "string" else "lists"
    return f"{place}: `+` on {told} may not stand inside a loop, where it takes ever longer; use `join`, or a step."


def _inner(node: Any) -> Any:
    """A node without those around it that only stand for levels of precedence, and without parentheses."""
    while hasattr(node, "children") and len(node.children) == 1 and (node.data in _CHAIN or node.data == "paren_expr"):
        node = node.children[0]
    return node


def _listed(nodes: list[Any]) -> list[Any]:
    return list(nodes[0].children) if nodes else []


def _require_count(node: Any, name: str, known: Known, given: list[Any]) -> None:
    if not known.least <= len(given) <= known.most:
        raise BadValue(f"{_place(node)}: `{name}` is written `{known.form}`.")


def _constant(node: Any) -> str | int | None:
    """A position or the name of a field that is written out; None for what is worked out, or has escapes."""
    inner = _inner(node)
    if getattr(inner, "data", "") != "literal":
        return None
    token = inner.children[0]
    if token.type == "INT_LIT":
        return int(token, 0) if token.lstrip("-").isdigit() and int(token) >= 0 else None
    if token.type == "STRING_LIT" and token[0] in "\"'" and "\\" not in token:
        return str(token[1:-1])
    return None


def _gives(node: Any) -> str | Reference:
    """The JSON type of what a part gives, as far as it can be told from the part alone."""
    node = _inner(node)
    made: str | Reference = _FIXED.get(node.data, "")
    match node.data:
        case "literal":
            made = _TYPES.get(node.children[0].type, "")
        case "unary":
            made = "boolean" if node.children[0].data == "unary_not" else _gives(node.children[1])
        case "addition" | "multiplication":
            made = _gives_of_two(node.data, _gives(node.children[0].children[0]), _gives(node.children[1]))
        case "expr":
            one, other = _gives(node.children[1]), _gives(node.children[2])
            made = one if one == other else ""
        case "ident_arg":
            made = _known_gives(FUNCTIONS.get(str(node.children[0])))
        case "member_dot_arg":
            made = _known_gives(MACROS.get(str(node.children[1])) or METHODS.get(str(node.children[1])))
        case "ident" | "member_dot" | "member_index":
            made = _reference(node) or ""
    return made


def _known_gives(known: Known | None) -> str:
    return known.gives if known else ""


def _gives_of_two(operator: str, one: str | Reference, other: str | Reference) -> str:
    for kind in ("moment", "string", "array"):
        if kind in (one, other):
            return kind
    return "number" if operator == "multiplication" or {one, other} <= {"integer", "number"} else ""


def _reference(node: Any) -> Reference | None:
    parts: list[str | int] = []
    while node.data in {"member_dot", "member_index"}:
        part = str(node.children[1]) if node.data == "member_dot" else _constant(node.children[1])
        if part is None:
            return None
        parts.append(part)
        node = _inner(node.children[0])
    return Reference((str(node.children[0]), *reversed(parts))) if node.data == "ident" else None


def _place(node: Any) -> str:
    """Where a node or a token begins."""
    line, column = getattr(node, "line", None), getattr(node, "column", None)
    if hasattr(node, "meta"):
        line, column = getattr(node.meta, "line", None), getattr(node.meta, "column", None)
        if line is None:  # a node of literals that the parser made anew has no place of its own
            for child in node.children:
                return _place(child)
    return f"line {line or 1}, column {column or 1}"


def _replaced(source: str, tokens: list[Any]) -> str:
    """The source with decimals at these whole numbers, and our own function where `size` is called."""
    made, at = [], 0
    for part in sorted(tokens, key=lambda each: int(each.start_pos)):
        stands = SIZE if part.type == "IDENT" else f"{int(part, 0)}.0" if len(part) < 400 else str(part)
        made += [source[at : part.start_pos], stands]
        at = part.end_pos
    return "".join([*made, source[at:]])


def expressions_in(value: Any) -> Iterator[Expression]:
    """Every expression in a value that was checked."""
    if isinstance(value, Mapping):
        if CEL in value:
            yield expression_parse(value[CEL])
            return
        for item in value.values():
            yield from expressions_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from expressions_in(item)
