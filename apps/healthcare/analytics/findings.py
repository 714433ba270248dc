"""One thing that is known against a medication list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from apps.healthcare.analytics.severity import Severity

FindingKind = Literal["allergy", "contraindication", "interaction", "dose", "duplicate"]
KINDS: tuple[FindingKind, ...] = get_args(FindingKind)


@dataclass(frozen=True)
class Finding:
    """Sentences have no full stop at their end."""

    kind: FindingKind
    severity: Severity
    drugs: tuple[str, ...]
    effect: str
    mechanism: str
    management: str
    evidence: str
    sources: tuple[str, ...]
    rule: str
    about: str = ""
    """What of the patient it concerns: an allergy, a condition, an age; empty for findings about drugs alone."""
    further: tuple[str, ...] = ()
    """What else is known of the same pair."""

    @property
    def order(self) -> int:
        return KINDS.index(self.kind)

    @property
    def key(self) -> str:
        """Names the finding in a report."""
        return " + ".join([*self.drugs, *([self.about] if self.about else [])]) + f" ({self.kind})"

    @classmethod
    def about_patient(
        cls, kind: FindingKind, severity: Severity, drug: str, about: str, because: str, do: str, source: str
    ) -> Finding:
        return cls(
            kind=kind,
            severity=severity,
            drugs=(drug,),
            effect=because.rstrip("."),
            mechanism=f"{drug.capitalize()} with {about}",
            management=do.rstrip("."),
            evidence="consensus" if source in {"beers-2023", "drug-allergy-2022"} else "label",
            sources=(source,),
            rule=f"{kind}: {about}",
            about=about,
        )
