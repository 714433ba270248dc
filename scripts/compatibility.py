"""What breaks clients between two OpenAPI 3.1 documents: the one that was released, and the one that would be.

A client must still be able to send what it sent, and still understand what it gets. So whatever is taken may only
become wider, and whatever is given only narrower, except that objects which are given may have new properties: clients
take no notice of what they do not know. Errors are one model for all statuses: which statuses tell them may change.

Pure: two documents in, sentences out. `tests/gateway/test_compatibility.py` holds the product to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Node = Mapping[str, Any]

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
_COMPOSED: Final = ("anyOf", "oneOf")
# A larger value lets more through, or a smaller one does.
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
# Another value is another set of values, of which nothing is known; without one everything goes.
_EXACT: Final = ("pattern", "format", "multipleOf", "uniqueItems", "contentMediaType", "contentEncoding")


def breaks(old: Node, new: Node) -> list[str]:
    """What a client of `old` would trip over in `new`, each with its place; empty where there is nothing."""
    return list(dict.fromkeys(_Comparison(old, new).document()))


@dataclass
class _Comparison:
    old: Node
    new: Node
    _open: set[tuple[str, str, bool]] = field(default_factory=set)
    """Pairs of schemas in the documents that are being compared: models may hold themselves."""

    def document(self) -> Iterator[str]:
        for name, scheme in self._components(self.old, "securitySchemes").items():
            if _bare(scheme) != _bare(self._components(self.new, "securitySchemes").get(name, {})):
                yield f"the credential `{name}` is gone, or is sent in another way"
        for path, operations in self.old.get("paths", {}).items():
            there = self.new.get("paths", {}).get(path)
            if there is None:
                yield f"{path}: the path is gone"
                continue
            for method in _METHODS:
                if method in operations:
                    place = f"{method.upper()} {path}"
                    if method not in there:
                        yield f"{place}: the operation is gone"
                    else:
                        yield from self.operation(operations[method], there[method], place)

    def operation(self, old: Node, new: Node, place: str) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{place}: `operationId` was {old.get('operationId')} and is {new.get('operationId')}"
        yield from _credentials(self._security(self.old, old), self._security(self.new, new), place)
        yield from self.parameters(old.get("parameters", []), new.get("parameters", []), place)
        yield from self.body(old.get("requestBody"), new.get("requestBody"), place)
        yield from self.answers(old.get("responses", {}), new.get("responses", {}), place)

    def parameters(self, old: list[Node], new: list[Node], place: str) -> Iterator[str]:
        before, now = self._named(self.old, old), self._named(self.new, new)
        for (where, name), parameter in before.items():
            here, there = f"{place}: {where} parameter `{name}`", now.get((where, name))
            if there is None:
                yield f"{here} is gone"
                continue
            if there.get("required") and not parameter.get("required"):
                yield f"{here} must be given now"
            for how in ("style", "explode"):
                if parameter.get(how) != there.get(how):
                    yield f"{here} is written in another way: `{how}`"
            yield from self.schema(parameter.get("schema", {}), there.get("schema", {}), here, taken=True)
        for (where, name), parameter in now.items():
            if (where, name) not in before and parameter.get("required"):
                yield f"{place}: {where} parameter `{name}` is new, and must be given"

    def body(self, old: Node | None, new: Node | None, place: str) -> Iterator[str]:
        before, now = self._resolved(self.old, old or {}), self._resolved(self.new, new or {})
        if now.get("required") and not before.get("required"):
            yield f"{place}: a body must be sent now"
        for media, content in before.get("content", {}).items():
            there = now.get("content", {}).get(media)
            if there is None:
                yield f"{place}: a body of {media} is no longer taken"
            else:
                here = f"{place}: body"
                yield from self.schema(content.get("schema", {}), there.get("schema", {}), here, taken=True)

    def answers(self, old: Node, new: Node, place: str) -> Iterator[str]:
        before, now = _good(old), _good(new)
        for status in now.keys() - before.keys():
            if status.startswith("2"):  # what leads elsewhere, or says that nothing changed, is asked for by a header
                yield f"{place}: it may answer {status} now"
        for status, answer in before.items():
            if status not in now:
                yield f"{place}: the answer {status} is gone"
                continue
            said, says = self._resolved(self.old, answer), self._resolved(self.new, now[status])
            for media, content in said.get("content", {}).items():
                there = says.get("content", {}).get(media)
                here = f"{place}: answer {status}"
                if there is None:
                    yield f"{here} is no longer given as {media}"
                else:
                    yield from self.schema(content.get("schema", {}), there.get("schema", {}), here, taken=False)
            yield from self.headers(said.get("headers", {}), says.get("headers", {}), f"{place}: answer {status}")

    def headers(self, old: Node, new: Node, place: str) -> Iterator[str]:
        now = {name.lower(): header for name, header in new.items()}
        for name, header in old.items():
            here, there = f"{place}, header `{name}`", now.get(name.lower())
            if there is None:
                yield f"{here} is gone"
                continue
            said, says = self._resolved(self.old, header), self._resolved(self.new, there)
            if said.get("required") and not says.get("required"):
                yield f"{here} may be missing now"
            yield from self.schema(said.get("schema", {}), says.get("schema", {}), here, taken=False)

    def schema(self, old: Any, new: Any, place: str, *, taken: bool) -> Iterator[str]:
        """What breaks between two schemas of what is taken, or of what is given."""
        pair = (_name(old), _name(new), taken)
        if pair in self._open:
            return
        self._open.add(pair)
        try:
            yield from self._variants(
                self._alternatives(self.old, old), self._alternatives(self.new, new), place, taken
            )
        finally:
            self._open.discard(pair)

    def _variants(self, old: list[Node], new: list[Node], place: str, taken: bool) -> Iterator[str]:
        """Each that was taken must be taken by one that there is; each that is given must be one that was given."""
        for each in old if taken else new:
            tried = [
                list(self._one(*((each, other) if taken else (other, each)), place, taken))
                for other in (new if taken else old)
                if _kinds_fit(*((each, other) if taken else (other, each)), taken)
            ]
            if not tried:
                kind = each.get("type", "anything")
                yield f"{place}: {kind} is no longer taken" if taken else f"{place}: it may be {kind} now"
            elif all(tried):
                yield from min(tried, key=len)

    def _one(self, old: Node, new: Node, place: str, taken: bool) -> Iterator[str]:
        """What breaks between two schemas without alternatives, whose types fit."""
        wide, narrow = (new, old) if taken else (old, new)  # `narrow` must stay within `wide`
        verb = "is narrower now" if taken else "is wider now"
        for limits, further in ((_UPPER, lambda a, b: a > b), (_LOWER, lambda a, b: a < b)):
            yield from (f"{place}: `{limit}` {verb}" for limit in limits if _exceeds(narrow, wide, limit, further))
        for name in _EXACT:
            if wide.get(name) and wide.get(name) != narrow.get(name):
                yield f"{place}: `{name}` {verb}"
        allowed, used = _values(wide), _values(narrow)
        if allowed is not None and (used is None or any(value not in allowed for value in used)):
            lost = "other values" if used is None else ", ".join(repr(value) for value in used if value not in allowed)
            yield f"{place}: {lost} {'can no longer be sent' if taken else 'may come now'}"
        if taken and "default" in old and old["default"] != new.get("default"):
            yield f"{place}: the default was {old['default']!r} and is {new.get('default')!r}"
        yield from self._object(old, new, place, taken)
        if "items" in wide:
            yield from self.schema(old.get("items", {}), new.get("items", {}), f"{place}[]", taken=taken)

    def _object(self, old: Node, new: Node, place: str, taken: bool) -> Iterator[str]:
        before, now = old.get("properties", {}), new.get("properties", {})
        must, shall = set(old.get("required", ())), set(new.get("required", ()))
        for name, property_ in before.items():
            here = f"{place}.{name}"
            if name not in now:
                yield f"{here} is gone"
            else:
                yield from self.schema(property_, now[name], here, taken=taken)
        if taken:
            yield from (f"{place}.{name} must be given now" for name in sorted(shall - must))
        else:
            gone = before.keys() - now.keys()
            yield from (f"{place}.{name} may be missing now" for name in sorted(must - shall - gone))
        others, rest = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if taken and rest is False and others is not False:
            yield f"{place}: other properties are no longer taken"
        elif isinstance(others, Mapping) and isinstance(rest, Mapping):
            yield from self.schema(others, rest, f"{place}.*", taken=taken)
        elif isinstance(rest if taken else others, Mapping) and (others if taken else rest) is True:
            yield f"{place}: other properties {'must have a form now' if taken else 'may be anything now'}"

    def _alternatives(self, document: Node, schema: Any) -> list[Node]:
        """The schema as alternatives of one type each, without references."""
        if not isinstance(schema, Mapping):
            return [{}] if schema else []  # `true` is anything, `false` nothing
        schema = self._resolved(document, schema)
        for part in schema.get("allOf", ()):
            schema = {**self._resolved(document, part), **{k: v for k, v in schema.items() if k != "allOf"}}
        for word in _COMPOSED:
            if word in schema:
                rest = {name: value for name, value in schema.items() if name != word}
                return [{**rest, **each} for option in schema[word] for each in self._alternatives(document, option)]
        kind = schema.get("type")
        return [{**schema, "type": each} for each in kind] if isinstance(kind, list) else [schema]

    def _named(self, document: Node, parameters: list[Node]) -> dict[tuple[str, str], Node]:
        found = [self._resolved(document, each) for each in parameters]
        return {(each["in"], each["name"].lower() if each["in"] == "header" else each["name"]): each for each in found}

    def _resolved(self, document: Node, node: Node) -> Node:
        """The node, or what it refers to, with what stands beside the reference."""
        while "$ref" in node:
            target: Any = document
            for step in str(node["$ref"]).removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
        return node

    def _components(self, document: Node, kind: str) -> dict[str, Node]:
        found = document.get("components", {}).get(kind, {})
        return {name: self._resolved(document, each) for name, each in found.items()}

    @staticmethod
    def _security(document: Node, operation: Node) -> list[Node]:
        found: list[Node] = operation.get("security", document.get("security", []))
        return found or [{}]


def _credentials(old: list[Node], new: list[Node], place: str) -> Iterator[str]:
    """Each way in must still be one: with no further credential, and no further permission."""
    for way in old:
        if not any(all(name in way and set(needs) <= set(way[name]) for name, needs in each.items()) for each in new):
            names = " with ".join(
                f"`{name}` ({', '.join(needs)})" if needs else f"`{name}`" for name, needs in way.items()
            )
            yield f"{place}: {names or 'nobody in particular'} can no longer call it"


def _good(answers: Node) -> dict[str, Node]:
    return {str(status): answer for status, answer in answers.items() if str(status)[:1] in "23"}


def _bare(scheme: Node) -> dict[str, Any]:
    return {name: scheme.get(name) for name in ("type", "scheme", "in", "name")}


def _name(schema: Any) -> str:
    """What tells a schema in its document from every other."""
    return str(schema.get("$ref", id(schema))) if isinstance(schema, Mapping) else str(schema)


def _kinds_fit(old: Node, new: Node, taken: bool) -> bool:
    """Whether the types do: of what was, within what is, when it is taken; the other way round when it is given."""
    wide, narrow = (new, old) if taken else (old, new)
    return wide.get("type") in (None, narrow.get("type")) or (wide.get("type"), narrow.get("type")) == (
        "number",
        "integer",
    )


def _exceeds(narrow: Node, wide: Node, limit: str, further: Callable[[Any, Any], bool]) -> bool:
    """Whether `narrow` goes beyond a limit of `wide`."""
    return limit in wide and (limit not in narrow or further(narrow[limit], wide[limit]))


def _values(schema: Node) -> list[Any] | None:
    """The only values there are; None where there is no such list."""
    return [schema["const"]] if "const" in schema else schema.get("enum")
