"""What kind of study a table holds, and which of its columns plays which role, each with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from apps.common import numbers
from apps.common.errors import InvalidInput, Issue

if TYPE_CHECKING:
    import polars

Study = Literal["control chart", "capability", "gauge study", "sampling plan", "pareto"]
ROW = "__row__"
PLUS = " + "
"""Joins the names of columns that hold measurements side by side."""
NONE = "none"
"""The name that leaves a role to no column."""
LOOK = 1_000
"""Rows that are looked at to tell what a column holds."""
NAMES: dict[str, tuple[str, ...]] = {
    "operator": ("operator", "appraiser", "inspector", "technician", "measured_by"),
    "part": ("part", "part_no", "part_number", "part_id", "specimen", "piece"),
    "category": ("category", "defect_type", "defect_kind", "kind_of_defect", "failure_mode", "defect_code", "reason",
                 "cause", "kind", "type", "defect"),
    "lower": ("lsl", "lower_spec", "lower_limit", "lower", "spec_min"),
    "upper": ("usl", "upper_spec", "upper_limit", "upper", "spec_max"),
    "target": ("target", "nominal", "aim"),
    "size": ("size", "sample_size", "n", "inspected", "checked", "units", "opportunities", "area"),
    "defects": ("defects", "defectives", "defective", "nonconforming", "nonconformities", "rejects", "rejected",
                "flaws", "errors", "failures", "found", "count", "d", "c", "quantity"),
    "stage": ("stage", "phase", "process_stage"),
    "baseline": ("baseline", "trial", "calibration", "phase_1"),
    "characteristic": ("characteristic", "feature", "dimension", "parameter", "property", "line"),
    "subgroup": ("subgroup", "sample", "sample_no", "sample_id", "group", "lot", "lot_no", "batch", "timestamp", "time",
                 "date", "hour", "day", "week", "shift", "no", "id", "order"),
    "measurement": ("measurement", "measured", "value", "reading", "result", "diameter", "length", "width", "weight",
                    "thickness", "height", "pressure", "temperature", "torque", "response", "observation", "x", "y"),
}  # fmt: skip
OF_PARTS = ("diameter", "length", "width", "weight", "thickness", "height", "pressure", "temperature", "torque")
"""Names of measurements that say what is measured: each is a characteristic by itself."""
LOT_SIZES = ("lot_size", "batch_size", "lot_quantity", "items_in_lot")
DEFECTS_OF_ITEMS = ("defects", "nonconformities", "flaws", "errors", "count", "c", "quantity")
"""Names that say of an item that it may have several."""
NUMERIC = {"measurement", "defects", "size", "lower", "upper", "target"}
ROLES: dict[str, tuple[str, ...]] = {
    "measured": ("measurement", "subgroup", "characteristic", "stage", "baseline", "lower", "upper", "target"),
    "counted": ("defects", "size", "subgroup", "characteristic", "stage", "baseline"),
    "gauge study": ("measurement", "part", "operator", "characteristic"),
    "sampling plan": ("size", "defects", "subgroup"),
    "pareto": ("category", "defects"),
}
NEEDED: dict[str, tuple[str, ...]] = {
    "measured": ("measurement",),
    "counted": ("defects",),
    "gauge study": ("measurement", "part", "operator"),
    "sampling plan": ("size",),
    "pareto": ("category",),
}
EVERY_ROLE = tuple(dict.fromkeys(role for roles in ROLES.values() for role in roles))


@dataclass
class Plan:
    """How a table is to be read. `form` is the study, or what a control chart counts: ``measured`` or ``counted``."""

    study: Study
    form: str
    columns: list[str]
    roles: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)

    @property
    def measurements(self) -> list[str]:
        name = self.roles.get("measurement", "")
        return [name] if name in self.columns else [part for part in name.split(PLUS) if part]

    @property
    def side_by_side(self) -> bool:
        """Whether the columns of measurements are the readings of one sample: they have one name and differ in number.

        Otherwise each is a characteristic by itself.
        """
        stems = {re.sub(r"\W*\d+$", "", name) for name in self.measurements}
        return len(self.measurements) > 1 and len(stems) == 1

    @property
    def may_be_several(self) -> bool:
        """Whether what is counted may come several times on one item, by the name of its column."""
        return plain(self.roles.get("defects", "")) in DEFECTS_OF_ITEMS


def plain(name: str) -> str:
    """A column's name without its unit, as `NAMES` has it: ``Diameter (mm)`` is ``diameter``."""
    bare = re.sub(r"[(\[].*?[)\]]", "", name)
    return re.sub(r"[^a-z0-9]+", "_", bare.strip().lower()).strip("_")


def plan(
    frame: polars.DataFrame,
    roles: dict[str, str],
    study: Study | Literal["auto"] = "auto",
    *,
    has_spec: bool = False,
    counts: bool | None = None,
) -> Plan:
    """Tell what the table is. `roles` and `study` overrule; `counts` says what the chosen chart is drawn of.

    Raises `InvalidInput` naming columns that are missing.
    """
    columns = [name for name in frame.columns if name != ROW]
    if not frame.height or not columns:
        raise InvalidInput(
            "The table holds no rows; nothing was started.",
            remedy="Upload a file with a header line and at least one row.",
            issues=[Issue(path="data", message="There is not a single row.")],
        )
    known = {role: name for role, name in roles.items() if name}
    _refuse_unknown(known, columns)
    look = _Look(frame.head(LOOK), columns, known)
    made = _study(look, study, has_spec=has_spec, counts=counts)
    for role in ROLES[made.form]:
        _find(made, role, look)
    if made.form == "measured" and "measurement" not in made.roles:
        _all_numbers(made, look)
    _refuse_missing(made)
    return made


@dataclass
class _Look:
    """The first rows, and what somebody said of the columns."""

    frame: polars.DataFrame
    columns: list[str]
    known: dict[str, str]
    kinds: dict[str, str] = field(default_factory=dict)

    def kind(self, name: str) -> str:
        """What most cells of a column are: ``number``, ``flag``, ``text``, ``date`` or ``empty``."""
        if name not in self.kinds:
            self.kinds[name] = _kind(self.frame[name])
        return self.kinds[name]

    def named(self, role: str, taken: set[str] = frozenset()) -> str:  # type: ignore[assignment]
        """The column that somebody chose for the role, or that has a name of it; the earlier name wins."""
        if role in self.known:
            return "" if self._nothing(role) else self.known[role]
        free = {plain(name): name for name in reversed(self.columns) if name not in taken}
        for name in NAMES[role]:
            if name in free and self._fits(role, free[name]):
                return free[name]
        return ""

    def _nothing(self, role: str) -> bool:
        return self.known[role] == NONE and NONE not in self.columns

    def _fits(self, role: str, name: str) -> bool:
        kind = self.kind(name)
        if role in {"defects", "size"}:
            return kind in {"number", "flag"} and _mostly_whole(self.frame[name])
        if role in NUMERIC:
            return kind == "number"
        return kind == "flag" if role == "baseline" else kind != "empty"


def _kind(cells: polars.Series) -> str:
    if cells.dtype.is_temporal():
        return "date"
    held = cells.cast(str).str.strip_chars().drop_nulls()
    held = held.filter(held != "").unique(maintain_order=True).head(200)
    if not len(held):
        return "empty"
    if set(held.str.to_lowercase()) <= {"true", "false", "yes", "no", "0", "1", "0.0", "1.0"}:
        return "flag"
    return "number" if numbers.read(held).bad.mean() < 0.5 else "text"  # type: ignore[operator]


def _mostly_whole(cells: polars.Series) -> bool:
    """Whether most numbers of a column could be counts; a few that cannot are mistakes."""
    values = numbers.read(cells).values.drop_nulls()
    return not len(values) or bool(((values >= 0) & (values == values.round())).mean() > 0.5)  # type: ignore[operator]


def _study(look: _Look, study: Study | Literal["auto"], *, has_spec: bool, counts: bool | None) -> Plan:
    """The study, by what was chosen, or by the columns that are there."""
    if study != "auto":
        made = Plan(study, study, look.columns, why={"study": "As you chose."})
        if study in {"control chart", "capability"}:
            made.form = "counted" if study == "control chart" and _is_counted(look, counts) else "measured"
        return made
    lot = _lot_size(look)
    operator, part = look.named("operator"), look.named("part")
    if lot:
        return Plan("sampling plan", "sampling plan", look.columns, why={"study": f"“{lot}” holds the sizes of lots."})
    if operator and part and _repeated(look, operator, part):
        why = f"Each of “{operator}” measured each of “{part}” several times."
        return Plan("gauge study", "gauge study", look.columns, why={"study": why})
    if _is_counted(look, counts):
        return Plan("control chart", "counted", look.columns, why={"study": "Defects are counted, sample by sample."})
    category = look.named("category")
    measured = look.named("measurement", {category})
    if category and not measured and look.kind(category) == "text" and counts is None:
        return Plan("pareto", "pareto", look.columns, why={"study": f"“{category}” names kinds of defects."})
    if has_spec or look.named("lower") or look.named("upper"):
        return Plan(
            "capability", "measured", look.columns, why={"study": "There are measurements and a specification."}
        )
    why = "There are measurements, and no specification to compare them with."
    return Plan("control chart", "measured", look.columns, why={"study": why})


def _is_counted(look: _Look, counts: bool | None) -> bool:
    """Whether a control chart is one of counts: as the chart was chosen, or defects are there and no measurement."""
    if counts is not None:
        return counts
    defects = look.named("defects")
    sorted_by = look.named("category", {defects})
    by_kind = bool(sorted_by) and look.kind(sorted_by) == "text" and not look.named("size")
    return bool(defects) and not by_kind and ("defects" in look.known or not look.named("measurement", {defects}))


def _lot_size(look: _Look) -> str:
    return next((name for name in look.columns if plain(name) in LOT_SIZES and look.kind(name) == "number"), "")


def _repeated(look: _Look, operator: str, part: str) -> bool:
    pairs = look.frame.select(operator, part).drop_nulls()
    return pairs.height >= 2 * pairs.unique().height > 2


def _find(made: Plan, role: str, look: _Look) -> None:
    """Put the column of `role` into the plan, if there is one."""
    if role in look.known:
        if chosen := look.named(role):
            made.roles[role], made.why[role] = chosen, "As you chose."
        return
    found = look.named(role, set(made.roles.values()))
    if role == "size" and made.form == "sampling plan":
        found = _lot_size(look) or found
    if found:
        made.roles[role], made.why[role] = found, "By its name."
    if found and role == "measurement" and made.form == "measured" and plain(found) in OF_PARTS:
        taken = {name for other, name in made.roles.items() if other != role}
        all_named = [n for n in look.columns if n not in taken and plain(n) in OF_PARTS and look.kind(n) == "number"]
        if len(all_named) > 1:
            made.roles[role], made.why[role] = PLUS.join(all_named), "By their names, each a characteristic."


def _all_numbers(made: Plan, look: _Look) -> None:
    """Every column of numbers that has no other role is a measurement."""
    if "measurement" in look.known:
        return
    taken = set(made.roles.values())
    free = [name for name in look.columns if name not in taken and look.kind(name) == "number"]
    if free:
        made.roles["measurement"] = PLUS.join(free)
        made.why["measurement"] = (
            "It holds numbers." if len(free) == 1
            else "Readings of one sample side by side." if made.side_by_side
            else "Columns of numbers, each a characteristic."
        )  # fmt: skip


def _refuse_unknown(roles: dict[str, str], columns: list[str]) -> None:
    issues = [
        Issue(path=f"data.columns.{role}", message=f"There is no role “{role}”; there are {', '.join(EVERY_ROLE)}.")
        for role in roles
        if role not in EVERY_ROLE
    ]
    issues += [
        Issue(path=f"data.columns.{role}", message=f"There is no column “{part}” for the {role}.", column=part)
        for role, name in roles.items()
        for part in ([name] if role != "measurement" or name in columns else name.split(PLUS))
        if part not in columns and part != NONE
    ]
    if issues:
        remedy = "Choose one of these columns."
        raise InvalidInput(f"{issues[0].message} Columns: {some(columns)}.", remedy=remedy, issues=issues[:20])


def _refuse_missing(made: Plan) -> None:
    missing = [role for role in NEEDED[made.form] if role not in made.roles]
    if missing:
        what = {"size": "size of lots"}.get(missing[0], missing[0]) if made.form == "sampling plan" else missing[0]
        more = f" and the {' and the '.join(missing[1:])}" if len(missing) > 1 else ""
        message = f"A {made.study} needs a column for the {what}{more}; none was found. Columns: {some(made.columns)}."
        raise InvalidInput(
            message,
            remedy="Say which column it is, add it to the file with a name in the first row, or choose another study.",
            issues=[Issue(path=f"data.columns.{role}", message=message) for role in missing],
        )


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:12]) + (f" and {len(names) - 12:,} more" if len(names) > 12 else "")
