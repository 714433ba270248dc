"""The knowledge base of drugs: read from the files of `knowledge/`, checked as a whole, and indexed.

A reference in a file is the name of a drug or of a class; it is an error when it is neither. So is a rule without a
known source, a key that is written twice, or a name that two drugs share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

import yaml

from apps.healthcare.analytics.rules import (
    AllergyGroup,
    Condition,
    DoseSteps,
    Evidence,
    PairRule,
    Population,
    System,
)
from apps.healthcare.analytics.severity import SEVERITIES

FOLDER = Path(__file__).resolve().parent.parent / "knowledge"
VERSION = "2026.11"
"""Raised with each reviewed change of the files."""

Names = frozenset[str]


class KnowledgeFault(ValueError):
    """The files contradict themselves. `faults` has a sentence for each place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Drug:
    name: str
    therapeutic: str
    """Key of its therapeutic class."""
    atc: str
    also: tuple[str, ...]
    rxnorm: str
    """Code of the ingredient in RxNorm; empty where it is not certain."""


@dataclass(frozen=True)
class DrugClass:
    key: str
    title: str
    members: Names
    duplicate: bool
    """Two members at a time are one therapy twice."""


@dataclass(frozen=True)
class Knowledge:
    """Everything, resolved: rules hold names of drugs only."""

    sources: Mapping[str, Mapping[str, Any]]
    drugs: Mapping[str, Drug]
    combinations: Mapping[str, tuple[str, ...]]
    synonyms: Mapping[str, str]
    """Every name in lower case, with the drug or combination it stands for."""
    rxnorm: Mapping[str, str]
    classes: Mapping[str, DrugClass]
    pairs: tuple[PairRule, ...]
    systems: tuple[System, ...]
    allergies: tuple[AllergyGroup, ...]
    conditions: Mapping[str, Condition]
    """By each name that a record may use, in lower case."""
    populations: tuple[Population, ...]
    doses: tuple[DoseSteps, ...]

    def source(self, key: str) -> str:
        """A source in words, for people."""
        found = self.sources[key]
        return f"{found['title']}. {found['publisher']}, {found['year']}."


class _Strict(yaml.CSafeLoader):
    """Refuses a key that is written twice, which plain YAML silently lets win."""


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise KnowledgeFault([f"{node.start_mark.name}: {key!r} is written twice" for key in twice])
    return loader.construct_mapping(node, deep=True)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _read(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, _Strict)  # noqa: S506  # a safe loader, with stricter mappings


@dataclass
class _Builder:
    folder: Path
    faults: list[str] = field(default_factory=list)
    drugs: dict[str, Drug] = field(default_factory=dict)
    classes: dict[str, DrugClass] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)
    rxnorm: dict[str, str] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def build(self) -> Knowledge:
        self.sources = _read(self.folder / "sources.yaml")
        for key, source in self.sources.items():
            self._need(source, ("title", "publisher", "year", "url"), f"source {key}")
        for path in sorted((self.folder / "drugs").glob("*.yaml")):
            for group in _read(path):
                self._group(group)
        combinations = dict(self._combinations(_read(self.folder / "combinations.yaml")))
        self._composed(_read(self.folder / "classes.yaml"))
        made = Knowledge(
            sources=self.sources,
            drugs=self.drugs,
            combinations=combinations,
            synonyms=self.synonyms,
            rxnorm=self.rxnorm,
            classes=self.classes,
            pairs=tuple(self._pairs()),
            systems=tuple(self._systems(_read(self.folder / "roles.yaml"))),
            allergies=tuple(self._allergies(_read(self.folder / "allergies.yaml"))),
            conditions=dict(self._conditions(_read(self.folder / "conditions.yaml"))),
            populations=tuple(self._populations(_read(self.folder / "populations.yaml"))),
            doses=tuple(self._doses(_read(self.folder / "renal.yaml"))),
        )
        if self.faults:
            raise KnowledgeFault(self.faults)
        return made

    def _need(self, entry: Mapping[str, Any], names: Iterable[str], where: str, optional: Iterable[str] = ()) -> bool:
        """Note what an entry lacks, and what it has that nobody reads."""
        names, held = set(names), set(entry)
        lacking = {name for name in names if entry.get(name) in (None, "")}
        told = [f"{where}: {name!r} is missing" for name in sorted(lacking)]
        told += [f"{where}: {name!r} means nothing here" for name in sorted(held - names - set(optional))]
        self.faults += told
        return not told

    def _sourced(self, keys: Iterable[str], where: str) -> tuple[str, ...]:
        keys = tuple(keys)
        if not keys:
            self.faults.append(f"{where}: no source")
        self.faults += [f"{where}: there is no source {key!r}" for key in keys if key not in self.sources]
        return keys

    def _graded(self, severity: str | None, where: str) -> Any:
        if severity is not None and severity not in SEVERITIES:
            self.faults.append(f"{where}: {severity!r} is no severity")
        return severity

    def _named(self, name: str, stands_for: str, where: str) -> None:
        lowered = name.lower()
        if self.synonyms.setdefault(lowered, stands_for) != stands_for:
            self.faults.append(f"{where}: {name!r} is also a name of {self.synonyms[lowered]!r}")

    def _group(self, group: Mapping[str, Any]) -> None:
        key = str(group.get("class"))
        if not self._need(group, ("class", "title", "drugs"), f"class {key}", ("atc", "duplicate")):
            return
        if key in self.classes:
            self.faults.append(f"class {key} is there twice")
        for name, entry in group["drugs"].items():
            where = f"drug {name}"
            self._need(entry, ("also",), where, ("rxnorm",))
            if name in self.drugs:
                self.faults.append(f"{where} is there twice")
            also, code = tuple(map(str, entry["also"])), str(entry.get("rxnorm", ""))
            self.drugs[name] = Drug(name, key, group.get("atc", ""), also, code)
            for known_as in (name, *also):
                self._named(known_as, name, where)
            if code and self.rxnorm.setdefault(code, name) != name:
                self.faults.append(f"{where}: RxNorm {code} is also {self.rxnorm[code]!r}")
        self.classes[key] = DrugClass(key, group["title"], frozenset(group["drugs"]), bool(group.get("duplicate")))

    def _combinations(self, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name, entry in entries.items():
            where = f"combination {name}"
            if self._need(entry, ("also", "drugs"), where):
                for known_as in (name, *entry["also"]):
                    self._named(known_as, name, where)
                yield name, tuple(sorted(self._resolved(entry["drugs"], where)))

    def _composed(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Classes made of others, in the order in which they can be."""
        left = dict(entries)
        for key in entries:
            if key in self.classes or key in self.drugs:
                self.faults.append(f"class {key}: the name is taken")
        while left:
            ready = [key for key, entry in left.items() if not set(entry.get("members", ())) & set(left)]
            if not ready:
                self.faults.append(f"classes that name each other in a ring: {sorted(left)}")
                return
            for key in ready:
                entry = left.pop(key)
                where = f"class {key}"
                if self._need(entry, ("title", "source", "members"), where, ("duplicate",)):
                    self._sourced([entry["source"]], where)
                    members = self._resolved(entry["members"], where)
                    self.classes[key] = DrugClass(key, entry["title"], members, bool(entry.get("duplicate")))

    def _resolved(self, references: str | Iterable[str], where: str) -> Names:
        found: set[str] = set()
        for reference in [references] if isinstance(references, str) else references:
            if reference in self.drugs:
                found.add(reference)
            elif reference in self.classes:
                found |= self.classes[reference].members
            else:
                self.faults.append(f"{where}: there is no drug or class {reference!r}")
        return frozenset(found)

    def _pairs(self) -> Iterator[PairRule]:
        texts = ("effect", "mechanism", "management")
        seen: set[str] = set()
        for path in sorted((self.folder / "rules").glob("*.yaml")):
            for key, entry in _read(path).items():
                where = f"rule {key}"
                if key in seen:
                    self.faults.append(f"{where} is there twice")
                seen.add(key)
                if not self._need(entry, ("between", "severity", "evidence", "sources", *texts), where):
                    continue
                if entry["evidence"] not in get_args(Evidence):
                    self.faults.append(f"{where}: {entry['evidence']!r} is no evidence")
                first, second = (self._resolved(side, where) for side in entry["between"])
                yield PairRule(
                    key=key,
                    first=first,
                    second=second,
                    severity=self._graded(entry["severity"], where),
                    evidence=entry["evidence"],
                    sources=self._sourced(entry["sources"], where),
                    **{name: str(entry[name]).rstrip(".") for name in texts},
                )

    def _systems(self, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[System]:
        for name, entry in entries.items():
            where = f"role {name}"
            self._need(entry, ("source", "inhibitors", "substrates"), where, ("inducers",))
            self._sourced([entry["source"]], where)
            strengths = {}
            for kind in ("inhibitors", "inducers"):
                for strength, drugs in entry.get(kind, {}).items():
                    strengths[kind, strength] = self._resolved(drugs, f"{where}, {strength} {kind}")
            substrates = {}
            for drug, told in entry["substrates"].items():
                place = f"{where}, substrate {drug}"
                self._need(told, (), place, ("raised", "lowered", "harm", "narrow"))
                if "raised" in told and not told.get("harm"):
                    self.faults.append(f"{place}: what does more of it do?")
                for each in self._resolved(drug, place):
                    raised, lowered = (self._graded(told.get(way), place) for way in ("raised", "lowered"))
                    substrates[each] = (raised, lowered, str(told.get("harm", "")))
            yield System(name, entry["source"], strengths, substrates)

    def _care(self, told: Mapping[str, Any], where: str) -> tuple[Names, Any, str, str, str]:
        """What most rules about a patient have: which drugs, how grave, why, what to do, who says so."""
        if not self._need(told, ("drugs", "severity", "because", "do", "source"), where):
            return frozenset(), "minor", "", "", ""
        severity = self._graded(told["severity"], where)
        (source,) = self._sourced([told["source"]], where)
        because, do = (str(told[name]).rstrip(".") for name in ("because", "do"))
        return self._resolved(told["drugs"], where), severity, because, do, source

    def _allergies(self, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[AllergyGroup]:
        for key, entry in entries.items():
            where = f"allergy {key}"
            self._sourced([entry.get("source", "")], where)
            cross = []
            for each in entry["cross"]:
                told = {("drugs" if name == "to" else name): value for name, value in each.items()}
                cross.append(self._care({"source": entry["source"], **told}, where))
            names = frozenset(str(name).lower() for name in entry["names"])
            yield AllergyGroup(key, names, self._resolved(entry["allergic"], where), tuple(cross), entry["source"])

    def _conditions(self, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Condition]]:
        taken: dict[str, str] = {}
        for key, entry in entries.items():
            where = f"condition {key}"
            self._need(entry, ("names", "rules"), where)
            made = Condition(key, tuple(self._care(told, where) for told in entry["rules"]))
            for name in {key.lower(), *(str(each).lower() for each in entry["names"])}:
                if taken.setdefault(name, key) != key:
                    self.faults.append(f"{where}: {name!r} is also a name of {taken[name]!r}")
                yield name, made

    def _populations(self, entries: Mapping[str, Any]) -> Iterator[Population]:
        for key, entry in entries.items():
            told = entry if isinstance(entry, list) else entry["rules"]
            ages = {} if isinstance(entry, list) else entry
            rules = tuple(self._care(each, f"population {key}") for each in told)
            yield Population(key, ages.get("least_age"), ages.get("below_age"), rules)

    def _doses(self, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[DoseSteps]:
        for key, entry in entries.items():
            where = f"dose {key}"
            self._need(entry, ("source", "steps"), where, ("by",))
            self._sourced([entry["source"]], where)
            steps = []
            for step in entry["steps"]:
                if self._need(step, ("below", "severity", "do"), where):
                    steps.append((float(step["below"]), self._graded(step["severity"], where), str(step["do"])))
            if [below for below, *_ in steps] != sorted({below for below, *_ in steps}):
                self.faults.append(f"{where}: steps must rise")
            yield DoseSteps(self._resolved(key, where), entry.get("by", "clearance"), tuple(steps), entry["source"])


def load(folder: Path = FOLDER) -> Knowledge:
    """Read and check the files of `folder`. Raises `KnowledgeFault` naming each place."""
    return _Builder(folder).build()


@cache
def knowledge() -> Knowledge:
    """The knowledge base of this release, read once in a process."""
    return load()
