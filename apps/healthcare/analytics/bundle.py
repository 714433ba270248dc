"""A FHIR R4 bundle as a medication list and a patient: MedicationRequest, MedicationStatement, and what goes with them.

Read are Patient (gender, birthDate), AllergyIntolerance, Condition, and Observations of creatinine, eGFR and weight by
LOINC code. Requests that ended are left out and told. Codes are RxNorm's; where one is not known the text counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from apps.common.errors import InvalidInput, Issue
from apps.healthcare.analytics.fhir import RXNORM

MOST_ENTRIES = 2_000
ENDED = frozenset({"cancelled", "stopped", "completed", "entered-in-error", "not-taken"})
CREATININE, WEIGHT = frozenset({"2160-0", "38483-4", "14682-9"}), frozenset({"29463-7", "3141-9"})
EGFR = frozenset({"98979-8", "98980-6", "62238-1", "33914-3", "48642-3", "69405-9", "77147-7"})
UNITS = {"mg/dl": "mg/dL", "umol/l": "umol/L", "µmol/l": "umol/L", "μmol/l": "umol/L"}


@dataclass
class Bundled:
    """What a bundle holds, as plain values."""

    medications: list[tuple[list[str], str]] = field(default_factory=list)
    """What each may be read by, best first, and the reference to the request."""
    patient: str = ""
    sex: str | None = None
    age: float | None = None
    weight: float | None = None
    creatinine: float | None = None
    creatinine_unit: str = "mg/dL"
    egfr: float | None = None
    allergies: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def unbundled(bundle: Mapping[str, Any], today: date) -> Bundled:
    """Read a bundle. Raises `InvalidInput` naming the place in it that cannot be used."""
    if bundle.get("resourceType") != "Bundle":
        raise _wrong("bundle.resourceType", "This is no FHIR Bundle: `resourceType` must be Bundle.")
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not entries:
        raise _wrong("bundle.entry", "The bundle has no entries.")
    if len(entries) > MOST_ENTRIES:
        raise _wrong("bundle.entry", f"The bundle has {len(entries):,} entries; at most {MOST_ENTRIES:,} are read.")
    resources = list(_resources(entries))
    named = _named(entries, resources)
    made = Bundled()
    for place, resource in resources:
        _READERS.get(str(resource["resourceType"]), _ignored)(made, resource, place, named, today)
    if not made.medications:
        told = made.notes[0] if made.notes else "It holds no MedicationRequest."
        raise _wrong("bundle.entry", f"There is nothing to check in the bundle. {told}")
    return made


def _resources(entries: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, entry in enumerate(entries):
        place = f"bundle.entry.{number}.resource"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise _wrong(place, "An entry needs a `resource` with its `resourceType`.")
        yield place, resource


def _named(entries: list[Any], resources: list[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Medications by each reference that may lead to them."""
    found: dict[str, dict[str, Any]] = {}
    for entry, (_, resource) in zip(entries, resources, strict=True):
        if resource["resourceType"] == "Medication":
            found[str(entry.get("fullUrl", ""))] = resource
            found[f"Medication/{resource.get('id', '')}"] = resource
    return found


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput(
        f"{message} Nothing was checked.",
        remedy="Send a FHIR R4 Bundle with the patient's MedicationRequest resources.",
        issues=[Issue(path=path, message=message)],
    )


def _words(concept: Any) -> list[str]:
    """What a CodeableConcept may be read by: RxNorm code first, then its text and displays."""
    if not isinstance(concept, dict):
        return []
    codings = [each for each in concept.get("coding") or [] if isinstance(each, dict)]
    codes = [str(each.get("code", "")) for each in codings if each.get("system") == RXNORM]
    texts = [str(concept.get("text", "")), *(str(each.get("display", "")) for each in codings)]
    return [text for text in dict.fromkeys([*codes, *texts]) if text.strip()]


def _medication(
    made: Bundled, resource: dict[str, Any], place: str, named: Mapping[str, dict[str, Any]], today: date
) -> None:
    kind, status = resource["resourceType"], str(resource.get("status", ""))
    if not status:
        raise _wrong(f"{place}.status", f"A {kind} must have a status.")
    words = _words(resource.get("medicationCodeableConcept"))
    reference = resource.get("medicationReference")
    if not words and isinstance(reference, dict):
        contained = {f"#{each.get('id')}": each for each in resource.get("contained") or [] if isinstance(each, dict)}
        pointed = str(reference.get("reference", ""))
        target = contained.get(pointed) or named.get(pointed)
        words = _words(target.get("code")) if target else []
        words += [str(reference["display"])] if reference.get("display") else []
    if not words:
        raise _wrong(f"{place}.medicationCodeableConcept", f"A {kind} must say which medication it is about.")
    if status in ENDED:
        made.notes.append(f"{words[-1]} is left out: its {kind} is {status}.")
        return
    made.medications.append((words, f"{kind}/{resource['id']}" if resource.get("id") else ""))


def _person(
    made: Bundled, resource: dict[str, Any], place: str, named: Mapping[str, dict[str, Any]], today: date
) -> None:
    if made.patient:
        raise _wrong(place, "The bundle holds two patients; send one bundle for each.")
    made.patient = str(resource.get("id") or "patient")
    made.sex = resource.get("gender") if resource.get("gender") in {"female", "male"} else None
    born = resource.get("birthDate")
    if born is not None:
        try:
            day = date.fromisoformat(f"{born}-07-01"[:10] if len(str(born)) == 4 else f"{born}-15"[:10])
        except ValueError:
            raise _wrong(f"{place}.birthDate", f"{born!r} is no date of birth.") from None
        age = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
        if not 0 <= age <= 120:
            raise _wrong(f"{place}.birthDate", f"{born!r} makes an age of {age} years.")
        made.age = float(age)


def _observation(
    made: Bundled, resource: dict[str, Any], place: str, named: Mapping[str, dict[str, Any]], today: date
) -> None:
    codings = (resource.get("code") or {}).get("coding") or []
    codes = {str(each.get("code")) for each in codings if isinstance(each, dict)}
    if not codes & (CREATININE | WEIGHT | EGFR):
        return
    quantity = resource.get("valueQuantity")
    value = quantity.get("value") if isinstance(quantity, dict) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise _wrong(f"{place}.valueQuantity", "An observation of creatinine, eGFR or weight needs a positive value.")
    assert isinstance(quantity, dict)  # noqa: S101  # its value was read above
    unit = str(quantity.get("code") or quantity.get("unit") or "")
    if codes & WEIGHT:
        if unit.lower() != "kg":
            raise _wrong(f"{place}.valueQuantity", f"Weight must be in kg, not {unit or 'without a unit'}.")
        made.weight = float(value)
    elif codes & EGFR:
        made.egfr = float(value)
    elif unit.lower() not in UNITS:
        raise _wrong(
            f"{place}.valueQuantity", f"Creatinine must be in mg/dL or umol/L, not {unit or 'without a unit'}."
        )
    else:
        made.creatinine, made.creatinine_unit = float(value), UNITS[unit.lower()]


def _allergy(
    made: Bundled, resource: dict[str, Any], place: str, named: Mapping[str, dict[str, Any]], today: date
) -> None:
    words = _words(resource.get("code"))
    if words:
        made.allergies.append(next((word for word in words if not word.isdecimal()), words[0]))


def _condition(
    made: Bundled, resource: dict[str, Any], place: str, named: Mapping[str, dict[str, Any]], today: date
) -> None:
    words = [word for word in _words(resource.get("code")) if not word.isdecimal()]
    if words:
        made.conditions.append(words[0])


def _ignored(
    made: Bundled, resource: dict[str, Any], place: str, named: Mapping[str, dict[str, Any]], today: date
) -> None:
    """Other resources say nothing about medication."""


_READERS = {
    "MedicationRequest": _medication,
    "MedicationStatement": _medication,
    "Patient": _person,
    "Observation": _observation,
    "AllergyIntolerance": _allergy,
    "Condition": _condition,
}
