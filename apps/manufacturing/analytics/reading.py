"""From a table to samples, counts, studies, lots and kinds of defects: column by column, a million rows in a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from apps.common.errors import InvalidInput, Issue

from . import units
from .capability import Spec
from .samples import Counts, Mask, Order, Samples, Values
from .tables import MOST_ISSUES, ONLY, TableRead, issue, refuse

MOST_CHARACTERISTICS = 200
MOST_STAGES = 500
YES = ("true", "yes", "1", "1.0")


@dataclass(frozen=True)
class Measured:
    """The measurements of one characteristic, and what is asked of them."""

    name: str
    samples: Samples
    spec: Spec = field(default_factory=Spec)


@dataclass(frozen=True)
class Counted:
    """What was found in each sample of one characteristic, and in how many items; `sized`: a column says how many."""

    name: str
    found: Counts
    sizes: Counts
    order: Order
    sized: bool


@dataclass(frozen=True)
class Gauged:
    """A crossed study of one characteristic: operators, parts and trials, in this order of its axes."""

    name: str
    study: Values
    operators: list[str]
    parts: list[str]


@dataclass(frozen=True)
class Lots:
    """Lots in turn: their sizes, and how many defects were found, None where nobody has looked yet."""

    labels: list[str]
    sizes: list[int]
    found: list[int | None]


def measured(source: TableRead, spec: Spec, tell: Callable[[str], None]) -> list[Measured]:
    """Samples by characteristic. Raises `InvalidInput` naming rows and columns."""
    plan, names = source.plan, source.plan.measurements
    wide = len(names) > 1
    codes, labels = source.codes("characteristic")
    columns = [source.number(name, "measured").to_numpy() for name in names]
    tell("Putting samples together")
    if wide and not plan.side_by_side:
        parts = [(name, column, np.arange(len(column))) for name, column in zip(names, columns, strict=True)]
    else:
        values = np.concatenate([column[:, np.newaxis] for column in columns], axis=1)
        parts = [
            (label, values[mine].ravel(), np.repeat(mine, len(names)))
            for code, label in enumerate(labels)
            if len(mine := np.flatnonzero(codes == code))
        ]
    _refuse_many(len(parts), source.column("characteristic"))
    marks = _Marks(source, by_row=wide)
    tell("Checking the measurements")
    return [_one(source, marks, name, values, at, spec) for name, values, at in parts]


class _Marks:
    """What is said of the rows of a table: their sample, their stage, whether they are of the baseline."""

    def __init__(self, source: TableRead, *, by_row: bool) -> None:
        import polars as pl

        self.source = source
        self.named = bool(source.column("subgroup"))
        if self.named:
            self.samples, self.labels = source.codes("subgroup")
            if by_row and len(self.labels) < len(self.samples):
                self.labels = [*source.text("subgroup")]
                self.samples = np.arange(len(self.labels))
        else:
            self.samples = np.arange(source.frame.height)
            self.labels = []
        self.stages: Counts | None = None
        self.stage_names: list[str] = []
        if source.column("stage"):
            self.stages, self.stage_names = source.codes("stage")
        self.baseline: Mask | None = None
        if source.column("baseline"):
            cells = source.text("baseline").str.to_lowercase()
            self.baseline = cells.is_in(pl.Series(YES).implode()).to_numpy()

    def order(self, firsts: Counts, samples: Counts) -> Order:
        """The order of samples whose first rows are at `firsts`."""
        labels = [self.labels[code] for code in samples] if self.named else [str(n + 1) for n in range(len(samples))]
        based = None if self.baseline is None else self.baseline[firsts]
        if self.stages is None:
            return Order(labels, baseline=based)
        stage = self.stages[firsts]
        begins = [0, *(int(at) + 1 for at in np.flatnonzero(np.diff(stage)))]
        if len(begins) > MOST_STAGES:
            column = self.source.column("stage")
            raise InvalidInput(
                f"“{column}” changes {len(begins) - 1:,} times; at most {MOST_STAGES} stages have limits of their own.",
                remedy="Sort the rows by time, or choose another column for the stage, or none.",
                issues=[Issue(path="data.columns.stage", message="It changes too often.", column=column)],
            )
        return Order(labels, begins, [self.stage_names[stage[at]] for at in begins], based)


def _one(source: TableRead, marks: _Marks, name: str, values: Values, at: Counts, spec: Spec) -> Measured:
    """One characteristic: empty cells left out, samples put together in the order in which they come."""
    held = np.isfinite(values)
    if not held.any():
        column = source.column("measurement")
        message = f"“{name}” has no measurement at all." if name != ONLY else "No measurement is filled in."
        raise InvalidInput(message, remedy="Fill in the measurements, or choose their column.",
                           issues=[Issue(message=message, column=column)])  # fmt: skip
    if not held.all():
        source.notes.append(f"{int((~held).sum()):,} empty measurements of {name} were left out.")
    values, at = values[held], at[held]
    column = source.column("measurement") if len(source.plan.measurements) == 1 else name
    _refuse_other_units(source, column, values, at)
    samples = marks.samples[at]
    if (np.diff(samples) < 0).any():
        order = np.argsort(samples, kind="stable")
        values, at, samples = values[order], at[order], samples[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(samples)) + 1])
    if marks.stages is not None:
        _refuse_torn(source, marks.stages, at, starts)
    own = _spec(source, at, spec)
    units.refuse_other_scale(name, column, values, own)
    return Measured(name, Samples(values, starts, marks.order(at[starts], samples[starts])), own)


def _refuse_torn(source: TableRead, stages: Counts, at: Counts, starts: Counts) -> None:
    sizes = np.diff(np.append(starts, len(at)))
    torn = np.flatnonzero(stages[at] != np.repeat(stages[at[starts]], sizes))
    column = source.column("stage")
    issues = [issue(int(source.rows[at[n]]), column, "is of another stage than its sample") for n in torn[:MOST_ISSUES]]
    refuse("Samples of two stages", "Give every row of a sample the same stage.", issues, len(torn))


def _refuse_other_units(source: TableRead, column: str, values: Values, at: Counts) -> None:
    found = units.other_units(values)
    issues = [
        issue(int(source.rows[at[n]]), column, f"{values[n]:g} looks like another unit: {why}")
        for n, why in found[:MOST_ISSUES]
    ]
    refuse("Mixed units", "Write all measurements in one unit.", issues, len(found))


def _spec(source: TableRead, at: Counts, spec: Spec) -> Spec:
    """The specification of one characteristic: as its rows have it, else as it was entered."""
    held: dict[str, float | None] = {"lower": spec.lower, "upper": spec.upper, "target": spec.target}
    for role in held:
        if column := source.column(role):
            cells = source.number(column, "asked for").to_numpy()[at]
            distinct = np.unique(cells[np.isfinite(cells)])
            if len(distinct) > 1:
                first = cells[np.isfinite(cells)][0]
                odd = int(np.flatnonzero(np.isfinite(cells) & (cells != first))[0])
                told = issue(int(source.rows[at[odd]]), column, f"it is {cells[odd]:g}, and was {first:g} before")
                refuse("A specification that changes", "Give one specification to each characteristic.", [told], 1)
            if len(distinct):
                held[role] = float(distinct[0])
    return checked(Spec(**held))


def checked(spec: Spec) -> Spec:
    """The specification itself. Raises `InvalidInput` for limits that exclude each other, or the target."""
    lower, upper, target = spec.lower, spec.upper, spec.target
    if lower is not None and upper is not None and lower >= upper:
        _refuse_spec("lower_spec", f"The lower limit {lower:g} is not below the upper limit {upper:g}.")
    if target is not None and ((lower is not None and target < lower) or (upper is not None and target > upper)):
        _refuse_spec("target", f"The target {target:g} lies outside of the specification.")
    return spec


def _refuse_spec(path: str, message: str) -> NoReturn:
    raise InvalidInput(
        f"{message} Nothing was started.",
        remedy="Correct the specification.",
        issues=[Issue(path=path, message=message)],
    )


def _whole(source: TableRead, role: str, least: int) -> tuple[Values, Mask]:
    """A column of whole numbers, and where it is filled in. Raises for fractions, and for less than `least`."""
    column = source.column(role)
    values = source.number(column, "counted").to_numpy()
    held = np.isfinite(values)
    wrong = held & ((values != np.round(values)) | (values < least))
    issues = [
        issue(int(source.rows[at]), column, f"{values[at]:g} is no whole number of at least {least}")
        for at in np.flatnonzero(wrong)[:MOST_ISSUES]
    ]
    refuse("Impossible counts", f"Correct the column “{column}”, or choose another one.", issues, int(wrong.sum()))
    return values, held


def counted(source: TableRead) -> list[Counted]:
    """Counts by characteristic and sample, rows of one sample added up. Raises `InvalidInput` naming rows."""
    defects, held = _whole(source, "defects", 0)
    sized = bool(source.column("size"))
    sizes, also = _whole(source, "size", 1) if sized else (np.ones(len(defects)), np.ones(len(defects), dtype=bool))
    if not (held & also).any():
        raise InvalidInput("No count is filled in.", remedy="Fill in the counts, or choose their column.")
    if not (held & also).all():
        source.notes.append(f"{int((~(held & also)).sum()):,} rows without a count or a size were left out.")
    codes, labels = source.codes("characteristic")
    _refuse_many(len(labels), source.column("characteristic"))
    marks, made = _Marks(source, by_row=False), []
    for code, label in enumerate(labels):
        at = np.flatnonzero((codes == code) & held & also)
        if not len(at):
            continue
        at = at[np.argsort(marks.samples[at], kind="stable")]
        samples = marks.samples[at]
        starts = np.concatenate([[0], np.flatnonzero(np.diff(samples)) + 1])
        found, looked = (np.add.reduceat(each[at], starts).astype(np.int64) for each in (defects, sizes))
        if not sized:
            looked = np.ones(len(starts), dtype=np.int64)
        made.append(Counted(label, found, looked, marks.order(at[starts], samples[starts]), sized))
    return made


def refuse_more_than_all(source: TableRead, counts: list[Counted]) -> None:
    """Raise `InvalidInput` where more items are defective than were looked at."""
    column = source.column("defects")
    issues = [
        Issue(
            message=f"Sample “{one.order.labels[at]}”, column “{column}”: {one.found[at]:,} of {one.sizes[at]:,} items "
            "cannot be defective.",
            column=column,
            row=_row_of(source, one, int(at)),
        )
        for one in counts
        for at in np.flatnonzero(one.found > one.sizes)[:MOST_ISSUES]
    ]
    remedy = "Correct these samples; or choose the chart u, if an item may have several defects."
    refuse("Impossible counts", remedy, issues[:MOST_ISSUES], len(issues))


def _row_of(source: TableRead, one: Counted, at: int) -> int | None:
    """The first row of a sample."""
    if not source.column("subgroup"):
        return int(source.rows[at]) if len(one.found) == source.frame.height else None
    found = (source.text("subgroup") == one.order.labels[at]).arg_max()
    return None if found is None else int(source.rows[found])


def gauged(source: TableRead) -> list[Gauged]:
    """Gauge studies by characteristic. Raises `InvalidInput` naming the pair that was not measured as the others."""
    values = source.number(source.column("measurement"), "measured").to_numpy()
    codes, labels = source.codes("characteristic")
    operators, operator_names = source.codes("operator")
    parts, part_names = source.codes("part")
    made = []
    for code, label in enumerate(labels):
        at = np.flatnonzero((codes == code) & np.isfinite(values))
        pairs = operators[at] * len(part_names) + parts[at]
        times = np.bincount(pairs, minlength=len(operator_names) * len(part_names))
        _refuse_uncrossed(times, operator_names, part_names, label)
        order = np.argsort(pairs, kind="stable")
        study = values[at][order].reshape(len(operator_names), len(part_names), int(times[0]))
        if np.ptp(study) == 0:
            raise InvalidInput(
                f"All measurements of the study are {study.flat[0]:g}: the gauge tells nothing apart.",
                remedy="Measure with a finer gauge, or choose the column of the measurements.",
            )
        made.append(Gauged(label, study, operator_names, part_names))
    return made


def _refuse_uncrossed(times: Counts, operators: list[str], parts: list[str], label: str) -> None:
    """Every operator measures every part equally often, and at least twice; there are two parts at least."""
    usual = int(np.bincount(times).argmax())
    odd = np.flatnonzero(times != usual)
    where = "" if label == ONLY else f" of {label}"
    issues = [
        Issue(message=f"{operators[at // len(parts)]} measured part {parts[at % len(parts)]}{where} {times[at]:,} "
              f"times, others {usual:,} times.")
        for at in odd[:MOST_ISSUES]
    ]  # fmt: skip
    refuse("The study is not whole", "Let every operator measure every part equally often.", issues, len(odd))
    if usual < 2 or len(parts) < 2:
        raise InvalidInput(
            f"A gauge study{where} needs at least two parts, each measured at least twice; there are {len(parts)}, "
            f"measured {usual} times.",
            remedy="Repeat the measurements: ten parts, three operators and three trials are usual.",
        )


def lots(source: TableRead) -> Lots:
    """Lots as they came. Raises `InvalidInput` naming rows."""
    sizes, held = _whole(source, "size", 2)
    if not held.all():
        rows = source.rows[~held]
        issues = [issue(int(row), source.column("size"), "has no size") for row in rows[:MOST_ISSUES]]
        refuse("Lots without a size", "Fill in how many items each lot holds.", issues, len(rows))
    found: list[int | None] = [None] * len(sizes)
    if source.column("defects"):
        counts, known = _whole(source, "defects", 0)
        found = [int(count) if there else None for count, there in zip(counts, known, strict=True)]
    named = bool(source.column("subgroup"))
    labels = source.text("subgroup").to_list() if named else [str(n + 1) for n in range(len(sizes))]
    return Lots(labels, [int(size) for size in sizes], found)


def kinds(source: TableRead) -> tuple[list[str], Values]:
    """How often each kind of defect came: by the counts of its rows, or by how many rows there are."""
    codes, names = source.codes("category")
    if not source.column("defects"):
        return names, np.bincount(codes, minlength=len(names)).astype(np.float64)
    counts, held = _whole(source, "defects", 0)
    made: Values = np.bincount(codes, weights=np.where(held, counts, 0.0), minlength=len(names)).astype(np.float64)
    return names, made


def _refuse_many(count: int, column: str) -> None:
    if count > MOST_CHARACTERISTICS:
        raise InvalidInput(
            f"The table holds {count:,} characteristics; at most {MOST_CHARACTERISTICS} are charted at a time.",
            remedy="Split the file, or check that the column of the characteristic is the right one.",
            issues=[Issue(path="data.columns.characteristic", message="It has too many names.", column=column or None)],
        )
