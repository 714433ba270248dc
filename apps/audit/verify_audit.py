"""Verify an export of an Orchestrall audit log, or a proof, by yourself: without the installation and its database.

    python verify_audit.py export.jsonl --checkpoints FOLDER [--public-key FILE]

FOLDER holds the checkpoints as the installation published them outside its database: a copy of the folder, or of the
bucket. It has to come to you in another way than the export. Every digest, leaf and root is computed anew, and the
roots are compared with every checkpoint. It needs Python 3.9 and the package `cryptography`, and no other file.

Exit code: 0 all is well, 1 something is wrong, 2 the files cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

UTC = timezone.utc  # noqa: UP017  # Python 3.9 has no other name for it
FORMAT, VERSION = "orchestrall-audit-export", 1
COVERED_WITHIN = timedelta(seconds=60)
"""How long an entry may wait for a checkpoint outside. What is older and has none is a finding."""
SHOWN = 200
"""Findings that are printed."""
_SIGNED = "\u2014 "
# What a line says is read by other programs too: a name that is not verified has no place in it.
_HEADER = {"format", "version", "tenant", "name", "key", "made_at", "since", "until", "whole", "filtered", "epochs"}
_ENTRY = {"entry", "facts", "personal", "broken", "shredded", "epoch", "index", "leaf", "proof"}
_CHECKPOINT = {"checkpoint", "published", "epoch", "size", "root"}
_END = {"end", "entries"}


class Unreadable(Exception):
    """A file is not what it should be; the text says where and what."""


# The tree: RFC 6962, section 2.1, and RFC 9162, sections 2.1.3.2 and 2.1.4.2.


def canonical(value: Any) -> bytes:
    """The one spelling of a value as JSON: names in order of code points, no space, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def leaf_hash(document: Any) -> bytes:
    return hashlib.sha256(b"\x00" + canonical(document)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def digest_of(part: Any) -> str:
    """The digest of a part of a payload: over its salt and its content."""
    return hashlib.sha256(bytes.fromhex(part["salt"]) + canonical(part["content"])).hexdigest()


def is_digest(part: Any, digest: str) -> bool:
    """Whether it is the digest of all that a part of a payload says."""
    return set(part) == {"salt", "content"} and digest_of(part) == digest


def parsed(text: str) -> Any:
    """JSON that all programs read alike. Raises `ValueError` where it is another: of a name that stands twice in an
    object some take the first value and others the last, and numbers with a fraction have many spellings."""
    return json.loads(text, object_pairs_hook=_object, parse_float=_no_number, parse_constant=_no_number)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number that a log has")


class Tree:
    """A tree that takes leaves and tells its root."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, hash: bytes) -> None:
        index = self.size
        while index & 1:
            hash = node_hash(self._peaks.pop(), hash)
            index >>= 1
        self._peaks.append(hash)
        self.size += 1

    @property
    def root(self) -> bytes:
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_by_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a proof of inclusion leads to; None where it is none for this place."""
    if not 0 <= index < size:
        return None
    at, last, hash = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            hash = node_hash(each, hash)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hash = node_hash(hash, each)
        at, last = at >> 1, last >> 1
    return hash if last == 0 else None


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `old` leaves is the beginning of that of `new`."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, each)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def hashes_of(text: str) -> list[bytes]:
    """The hashes of a proof as it is handed out: one behind the other, in base64."""
    joined = base64.b64decode(text, validate=True)
    if len(joined) % 32:
        raise ValueError("not a row of hashes")
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


# Checkpoints: signed notes (C2SP signed-note, tlog-checkpoint).


@dataclass(frozen=True)
class Key:
    """The public key of a log: ``orchestrall/<tenant>+<hash>+<base64 of 0x01 and the key>``."""

    text: str
    tenant: str
    public: Ed25519PublicKey
    hash: bytes

    @classmethod
    def of(cls, text: str) -> Key:
        text = text.strip()
        try:
            name, hash, encoded = text.split("+", 2)
            raw = base64.b64decode(encoded, validate=True)
            start, tenant = name.split("/")
            found = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
            if start != "orchestrall" or raw[:1] != b"\x01" or found.hex() != hash:
                raise ValueError
            return cls(text, tenant, Ed25519PublicKey.from_public_bytes(raw[1:]), found)
        except ValueError:
            raise Unreadable(f"This is no public key of a log: {text[:80]!r}.") from None


@dataclass(frozen=True)
class Checkpoint:
    epoch: int
    size: int
    root: bytes
    at: datetime
    previous: bytes
    note: str

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.note.encode()).digest()

    def __str__(self) -> str:
        return f"{self.epoch}/{self.size} of {self.at:%Y-%m-%d %H:%M:%S} UTC"


def checkpoint_of(note: str, key: Key) -> Checkpoint:
    """What a note says. Raises `ValueError` with the reason where it is none, or not signed by the key."""
    text, _, signature = note.partition("\n\n")
    try:
        origin, size, root, at, previous = text.split("\n")
        start, tenant, epoch = origin.split("/")
        name, sealed = signature.removeprefix(_SIGNED).removesuffix("\n").split(" ")
        proof = base64.b64decode(sealed, validate=True)
        found = Checkpoint(
            int(epoch),
            int(size),
            base64.b64decode(root, validate=True),
            _moment(at.removeprefix("time ")),
            base64.b64decode(previous.removeprefix("previous "), validate=True),
            note,
        )
    except ValueError:
        raise ValueError("is no checkpoint") from None
    if start != "orchestrall" or tenant != key.tenant or name != f"orchestrall/{key.tenant}":
        raise ValueError("is a checkpoint of another log")
    if proof[:4] != key.hash:
        raise ValueError("is signed by another key")
    try:
        key.public.verify(proof[4:], f"{text}\n".encode())
    except InvalidSignature:
        raise ValueError("has a wrong signature: it was altered") from None
    return found


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


@dataclass
class Report:
    """What was found."""

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    entries: int = 0
    covered: int = 0
    shredded: int = 0

    def finding(self, text: str) -> None:
        self.wrong.append(text)


@dataclass
class Outside:
    """The checkpoints that were kept outside the database, by epoch and size."""

    key: Key
    found: dict[tuple[int, int], Checkpoint] = field(default_factory=dict)

    def of(self, epoch: int) -> list[Checkpoint]:
        return [self.found[place] for place in sorted(self.found) if place[0] == epoch]


def outside_of(folder: Path, key: Key | None, report: Report) -> Outside:
    """Read the checkpoints below a folder; what is wrong with them goes to the report."""
    if not folder.is_dir():
        raise Unreadable(f"{folder} is no folder.")
    if key is None:
        files = sorted(folder.rglob("public-key.txt"))
        if len(files) != 1:
            raise Unreadable(f"{len(files)} keys lie below {folder}: name the one of this log with --public-key.")
        key = Key.of(_text(files[0]))
        report.notes.append(f"The key is the one that lies beside the checkpoints: {key.text}")
    outside = Outside(key)
    folder = folder / key.tenant if (folder / key.tenant).is_dir() else folder
    for file in sorted(folder.rglob("*.checkpoint")):
        try:
            found = checkpoint_of(_text(file), key)
        except ValueError as error:
            report.finding(f"{file} {error}.")
            continue
        there = outside.found.setdefault((found.epoch, found.size), found)
        if there.note != found.note:
            report.finding(f"There are two different checkpoints {found}: the log was continued in two ways.")
    _require_chain(outside, report)
    return outside


def _require_chain(outside: Outside, report: Report) -> None:
    """Each checkpoint names the one before it, so that one that was taken away shows."""
    before: Checkpoint | None = None
    for place in sorted(outside.found):
        each = outside.found[place]
        expected = before.hash if before else bytes(32)
        if each.previous != expected:
            which = f"follows {before}" if before else "is the first one here"
            report.finding(
                f"Checkpoint {each} {which}, and names another one before it: one is missing or was altered."
            )
        if before and each.at < before.at:
            report.finding(f"Checkpoint {each} is earlier than {before}, which it follows.")
        before = each


# Exports


@dataclass
class Epoch:
    """An epoch while its entries are read."""

    number: int
    last: int
    next: int
    top: Checkpoint | None
    """The newest checkpoint as the database has it, where it is the one that is outside."""
    tree: Tree = field(default_factory=Tree)
    waiting: list[tuple[str, Any]] = field(default_factory=list)
    """Places and documents of entries since the last root that was right."""
    is_other: bool = False
    """Whether a root was another one than the checkpoint's: all later ones are, too."""


class Verifier:
    """Verifies an export, line by line: `header`, then `line` for all others, then `end`."""

    def __init__(self, outside: Outside, report: Report, restored: Iterable[int] = ()) -> None:
        self.outside, self.report, self.restored = outside, report, set(restored)
        self.epochs: dict[int, Epoch] = {}
        self.seen: set[str] = set()
        self.known: set[tuple[int, int]] = set()
        """Checkpoints that the database has."""
        self.made_at = datetime.now(UTC)
        self.is_whole = self.is_filtered = self.is_ended = False

    def header(self, line: dict[str, Any]) -> None:
        if line.get("format") != FORMAT:
            raise Unreadable("The first line is not that of an export of an audit log.")
        if line.get("version") != VERSION:
            raise Unreadable(f"The export has version {line.get('version')}: get the verifier that belongs to it.")
        self._require_names(line, _HEADER, 1)
        if line["key"] != self.outside.key.text:
            self.report.finding("The export names another public key than the checkpoints are verified with.")
        self.made_at, self.is_whole, self.is_filtered = _moment(line["made_at"]), line["whole"], line["filtered"]
        for each in line["epochs"]:
            top = self._in_database(each["epoch"], each["checkpoint"]) if each["checkpoint"] else None
            self.epochs[each["epoch"]] = Epoch(each["epoch"], each["last"], each["first"], top)
        if self.is_whole:
            there = {epoch for epoch in {epoch for epoch, _ in self.outside.found} if self._due(epoch)}
            for missing in sorted(there.union(range(1, max(self.epochs, default=0))) - set(self.epochs)):
                self.report.finding(f"Epoch {missing} is not in the export: it was cut off.")
            for epoch in self.epochs.values():
                if epoch.next != 0:
                    self.report.finding(f"Epoch {epoch.number}: the first {epoch.next} entries are missing.")

    def line(self, line: dict[str, Any], number: int) -> None:
        if self.is_ended:
            self.report.finding(f"Line {number}: there is something behind the last line.")
        if "end" in line:
            self._require_names(line, _END, number)
            self.is_ended = True
            if line["entries"] != self.report.entries:
                self.report.finding(
                    f"The file has {self.report.entries} entries, and was written with {line['entries']}."
                )
        elif "checkpoint" in line:
            self._require_names(line, _CHECKPOINT, number)
            self._checkpoint(line)
        else:
            self._require_names(line, _ENTRY, number)
            self._entry(line, number)

    def end(self) -> None:
        if not self.is_ended:
            self.report.finding("The file was cut off: its last line is missing.")
        for epoch in self.epochs.values():
            if not self.is_filtered and epoch.next <= epoch.last:
                self.report.finding(f"Epoch {epoch.number}: entries {epoch.next} to {epoch.last} are missing.")
            if self.is_whole:
                self._require_all(epoch)

    def _require_names(self, line: dict[str, Any], names: set[str], number: int) -> None:
        if more := sorted(line.keys() - names):
            self.report.finding(f"Line {number}: it says more than an export does: {', '.join(more)}.")

    def _entry(self, line: dict[str, Any], number: int) -> None:
        self.report.entries += 1
        document, epoch = line["entry"], self.epochs.get(line["epoch"])
        where = f"Entry {line['epoch']}/{line['index']}" if line["epoch"] is not None else f"Line {number}"
        if document is None:
            self.report.finding(f"{where}: the entry was deleted.")
        else:
            where = f"{where} ({document['id']}, {document['kind']}, {document['at']})"
            if document["id"] in self.seen:
                self.report.finding(f"{where}: it stands in the log twice.")
            self.seen.add(document["id"])
            self._payload(line, where)
        if line["epoch"] is None:
            self._uncovered(where, document)
        elif epoch is None:
            self.report.finding(f"{where}: its epoch is not named in the first line.")
        else:
            self._leaf(epoch, line, where)

    def _payload(self, line: dict[str, Any], where: str) -> None:
        for part in ("facts", "personal"):
            if part in line.get("broken", []):
                self.report.finding(f"{where}: its {part} were altered: they do not open.")
            elif line[part] is not None:
                if not is_digest(line[part], line["entry"][part]):
                    self.report.finding(f"{where}: its {part} were altered: their digest is another one.")
            elif "shredded" not in line:
                self.report.finding(f"{where}: its {part} are missing, and were not shredded.")
            else:
                self.report.shredded += 1

    def _leaf(self, epoch: Epoch, line: dict[str, Any], where: str) -> None:
        stored = bytes.fromhex(line["leaf"])
        if line["entry"] is not None and leaf_hash(line["entry"]) != stored:
            self.report.finding(f"{where}: it was altered: its leaf is another one.")
        if not self.is_filtered and line["index"] != epoch.next:
            self.report.finding(f"{where}: entries from {epoch.next} on are missing before it.")
        epoch.next = line["index"] + 1
        if self.is_whole:
            # The stored one: a wrong entry is told already, and of the others it shall be seen that they are right.
            self._grow(epoch, stored, where, line["entry"])
        else:
            self._prove(epoch, line, stored, where)

    def _grow(self, epoch: Epoch, leaf: bytes, where: str, document: Any) -> None:
        """Add a leaf, and compare the root with the checkpoint of that size, where there is one."""
        epoch.tree.append(leaf)
        epoch.waiting.append((where, document))
        checkpoint = self.outside.found.get((epoch.number, epoch.tree.size))
        if checkpoint is None or epoch.is_other:
            return
        if checkpoint.root == epoch.tree.root:
            self.report.covered += len(epoch.waiting)
            epoch.waiting.clear()
            return
        epoch.is_other = True
        self.report.finding(
            f"Epoch {epoch.number}: the first {checkpoint.size} entries are not those of the checkpoint {checkpoint}. "
            f"Among the entries {epoch.tree.size - len(epoch.waiting)} to {checkpoint.size - 1} some were altered, "
            "swapped, inserted or deleted."
        )

    def _prove(self, epoch: Epoch, line: dict[str, Any], leaf: bytes, where: str) -> None:
        if "proof" not in line or epoch.top is None:
            self._uncovered(where, line["entry"])
            return
        try:
            proof = hashes_of(line["proof"] or "")
        except ValueError:
            proof = []
        if root_by_inclusion(leaf, line["index"], epoch.top.size, proof) == epoch.top.root:
            self.report.covered += 1
        else:
            self.report.finding(f"{where}: it was altered or moved: its proof does not lead to {epoch.top}.")

    def _uncovered(self, where: str, document: Any) -> None:
        """An entry that no checkpoint vouches for: that may be so for a minute."""
        if document is None:
            return
        waited = self.made_at - _moment(document["at"])
        if waited < -COVERED_WITHIN:  # else an export that calls itself old could say anything
            self.report.finding(f"{where}: no checkpoint covers it, and it is later than the export says of itself.")
        elif waited > COVERED_WITHIN:
            self.report.finding(
                f"{where}: no checkpoint covers it, a minute and more after it was recorded: it was inserted, or the "
                "log is not covered any more."
            )

    def _checkpoint(self, line: dict[str, Any]) -> None:
        """One as the database has it. It is published within a minute, or while the place outside is away, later."""
        self.known.add((line["epoch"], line["size"]))
        if not line["published"] and (line["epoch"], line["size"]) not in self.outside.found:
            return
        found = self._in_database(line["epoch"], line["checkpoint"])
        if found and (line["size"], line["root"]) != (found.size, found.root.hex()):
            self.report.finding(f"The checkpoint {found} was altered in the database: it tells another size or root.")

    def _in_database(self, epoch: int, note: str) -> Checkpoint | None:
        """A published checkpoint as the database has it, which must be outside as well."""
        try:
            found = checkpoint_of(note, self.outside.key)
        except ValueError as error:
            self.report.finding(f"A checkpoint of epoch {epoch} in the database {error}.")
            return None
        there = self.outside.found.get((found.epoch, found.size))
        if there is None:
            self.report.finding(f"The database has the checkpoint {found} as published, and it is not outside.")
        elif there.note != note or found.epoch != epoch:
            self.report.finding(f"The checkpoint {found} in the database is another one than outside.")
        else:
            return there
        return None

    def _due(self, epoch: int) -> list[Checkpoint]:
        """The checkpoints outside that an export of that time has to reach."""
        return [each for each in self.outside.of(epoch) if each.at < self.made_at - COVERED_WITHIN]

    def _require_all(self, epoch: Epoch) -> None:
        """Nothing is missing at the end that was published, and nothing was put there."""
        size, due = epoch.tree.size, self._due(epoch.number)
        if due and due[-1].size > size:
            told = (
                f"Epoch {epoch.number}: {due[-1].size - size} entries are missing at its end: the checkpoint {due[-1]} "
                f"has {due[-1].size}, the export {size}."
            )
            successor = epoch.number + 1
            if successor in self.restored and successor in self.epochs:
                self.report.notes.append(f"{told} Epoch {successor} began with a restore, as you say.")
            else:
                self.report.finding(f"{told} Were they lost when the log was restored, say --restored {successor}.")
        for each in due:
            if each.size <= size and (epoch.number, each.size) not in self.known:
                self.report.finding(f"The checkpoint {each} was deleted from the database.")
        if not epoch.is_other:
            for where, document in epoch.waiting:
                self._uncovered(where, document)


def verify_export(lines: Iterable[str], outside: Outside, report: Report, restored: Iterable[int] = ()) -> None:
    """Verify an export. Raises `Unreadable` where it is none."""
    verifier, first = Verifier(outside, report, restored), True
    for number, text in enumerate(lines, start=1):
        try:
            line = parsed(text)
            if not isinstance(line, dict):
                raise Unreadable(f"Line {number} is no object.")
            if first:
                verifier.header(line)
            else:
                verifier.line(line, number)
        except (ValueError, KeyError, TypeError) as error:
            if first:
                raise Unreadable(f"The first line is not that of an export: {error!r}.") from None
            report.finding(f"Line {number} cannot be read: it was cut off or altered ({error!r}).")
        first = False
    if first:
        raise Unreadable("The export is empty.")
    verifier.end()
    later = sum(each.at >= verifier.made_at - COVERED_WITHIN for each in outside.found.values())
    report.notes.append(f"The export says of itself that it was made at {verifier.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    if later:
        report.notes.append(f"{later} checkpoints are of that minute or later, and need not be reached by it.")
    if not verifier.is_whole:
        report.notes.append("It is a part of the log: what is outside of it was not verified.")
    if verifier.is_filtered:
        report.notes.append("Entries were chosen by a filter: that none of those was left out cannot be verified.")


# Proofs as the API hands them out


def verify_proof(said: dict[str, Any], outside: Outside, report: Report) -> None:
    """Verify a proof of inclusion, with its entry, or of consistency, against the checkpoints outside."""
    proof, epoch = said.get("proof", said), 0
    try:
        epoch, hashes = proof["epoch"], hashes_of(proof["hashes"])
        sizes = [proof["old"], proof["new"]] if "old" in proof else [proof["size"]]
        tops = [outside.found.get((epoch, size)) for size in sizes]
        document = said.get("entry")
        index = proof.get("index", 0)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"This is no proof: {error!r}.") from None
    for size in (size for size in sizes if (epoch, size) not in outside.found):
        report.finding(f"There is no checkpoint {epoch}/{size} outside.")
    found = [top for top in tops if top]
    if len(found) != len(tops):
        return
    if "old" in proof:
        old, new = found
        if not is_consistent(old.size, old.root, new.size, new.root, hashes):
            report.finding(f"The log of the checkpoint {old} is not the beginning of that of {new}.")
        return
    if not isinstance(document, dict):
        raise Unreadable("There is no entry beside the proof: a file has both, as {entry: ..., proof: ...}.")
    report.entries = 1
    for part in ("facts", "personal"):
        try:
            is_right = said.get(part) is None or is_digest(said[part], document[part])
        except (KeyError, TypeError, ValueError):
            is_right = False
        if not is_right:
            report.finding(f"The entry's {part} were altered: their digest is another one.")
    if root_by_inclusion(leaf_hash(document), index, found[0].size, hashes) == found[0].root:
        report.covered = 1
    else:
        report.finding(
            f"The entry {document.get('id')} is not at place {index} of the log of the checkpoint {found[0]}."
        )


# The program


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} cannot be read: {error}.") from None


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} cannot be read: {error}.") from None


def _proof_in(path: Path) -> dict[str, Any] | None:
    """The proof that a file holds; None where it is an export. No line of a file stays unread."""
    lines = _lines(path)
    try:
        found = parsed(next(lines, ""))
        if any(line.strip() for line in lines):
            return None
    except ValueError:  # of several lines, as a person may lay it out
        try:
            found = parsed(_text(path))
        except ValueError:
            return None
    is_proof = isinstance(found, dict) and "format" not in found and ("proof" in found or "hashes" in found)
    return found if is_proof else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="verify_audit.py",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="an export (JSON lines), or a proof as the API hands it out (JSON)")
    parser.add_argument("--checkpoints", type=Path, required=True, metavar="FOLDER", help="those kept outside")
    parser.add_argument(
        "--public-key", type=Path, metavar="FILE", help="the log's; else the one beside the checkpoints"
    )
    parser.add_argument(
        "--restored",
        type=int,
        action="append",
        default=[],
        metavar="EPOCH",
        help="an epoch of which you know that it began because the log was restored from a backup",
    )
    asked = parser.parse_args(arguments)
    report = Report()
    try:
        key = Key.of(_text(asked.public_key)) if asked.public_key else None
        outside = outside_of(asked.checkpoints, key, report)
        proof = _proof_in(asked.file)
        if proof is not None:
            verify_proof(proof, outside, report)
        else:
            verify_export(_lines(asked.file), outside, report, asked.restored)
    except Unreadable as error:
        print(f"Cannot verify: {error}", file=sys.stderr)
        return 2
    for text in report.wrong[:SHOWN]:
        print(f"WRONG  {text}")
    if len(report.wrong) > SHOWN:
        print(f"WRONG  ... and {len(report.wrong) - SHOWN} more")
    for text in report.notes:
        print(f"note   {text}")
    print(
        f"{report.entries} entries, {report.covered} covered by {len(outside.found)} checkpoints outside, "
        f"{report.shredded} shredded parts: {len(report.wrong)} findings."
    )
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
