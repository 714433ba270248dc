"""Files sealed in chunks: read from any place, and refused when anything of them was changed."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.tenants import sealedfiles
from apps.tenants.sealedfiles import HEADER, SealedReader, is_sealed
from apps.tenants.sealing import TAG, DataKey, SealBroken

KEY = DataKey("a", bytes(range(32)))
CHUNK = 64
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7]
each_time = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealedfiles, "CHUNK", CHUNK)


def sealed(path: Path, plain: bytes, context: str = "c") -> Path:
    with path.open("wb") as target:
        sealedfiles.seal(io.BytesIO(plain), target, key=KEY, context=context)
    return path


def opened(path: Path, context: str = "c", key: DataKey = KEY) -> bytes:
    with SealedReader(path, key=key, context=context) as file:
        return file.read()


def text(size: int) -> bytes:
    return Random(size).randbytes(size)  # the same each time


@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_back_as_it_was(tmp_path: Path, size: int) -> None:
    path = sealed(tmp_path / "f", text(size))
    assert opened(path) == text(size)
    assert is_sealed(path)
    assert path.stat().st_size == HEADER + size + TAG * max(1, -(-size // CHUNK))


def test_what_is_stored_tells_nothing_and_is_never_the_same(tmp_path: Path) -> None:
    one, two = (sealed(tmp_path / name, b"Zurich 4711" * 50) for name in "ab")
    assert b"Zurich" not in one.read_bytes()
    assert one.read_bytes() != two.read_bytes()


@each_time
@given(size=st.sampled_from(SIZES), moves=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200)), max_size=8))
def test_any_part_can_be_read(tmp_path: Path, size: int, moves: list[tuple[int, int]]) -> None:
    path, plain = sealed(tmp_path / "f", text(size)), io.BytesIO(text(size))
    with SealedReader(path, key=KEY, context="c") as file:
        for place, length in moves:
            assert file.seek(place) == plain.seek(place)
            assert file.read(length) == plain.read(length)
            assert file.tell() == plain.tell()
        assert file.seek(0, os.SEEK_END) == size
        assert file.read() == b""
        assert file.seek(-size, os.SEEK_CUR) == 0


@each_time
@given(data=st.data(), size=st.sampled_from(SIZES))
def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path, data: Any, size: int) -> None:
    path = sealed(tmp_path / "f", text(size))
    stored = bytearray(path.read_bytes())
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(stored)
    with pytest.raises(SealBroken):
        opened(path)


@each_time
@given(data=st.data(), size=st.sampled_from(SIZES))
def test_a_file_that_was_cut_off_is_refused_before_it_is_read(tmp_path: Path, data: Any, size: int) -> None:
    path = sealed(tmp_path / "f", text(size))
    os.truncate(path, data.draw(st.integers(0, path.stat().st_size - 1)))
    with pytest.raises(SealBroken):
        SealedReader(path, key=KEY, context="c")


@each_time
@given(kept=st.integers(0, 3))
@example(kept=0)
def test_a_file_cut_off_between_two_chunks_is_refused_before_it_is_read(tmp_path: Path, kept: int) -> None:
    path = sealed(tmp_path / "f", text(4 * CHUNK))
    os.truncate(path, HEADER + kept * (CHUNK + TAG))
    with pytest.raises(SealBroken):
        SealedReader(path, key=KEY, context="c")


@each_time
@given(order=st.lists(st.integers(0, 3), min_size=1, max_size=6).filter(lambda order: order != [0, 1, 2, 3]))
def test_chunks_in_another_order_are_noticed(tmp_path: Path, order: list[int]) -> None:
    path = sealed(tmp_path / "f", text(4 * CHUNK))
    stored, step = path.read_bytes(), CHUNK + TAG
    pieces = [stored[HEADER + n * step : HEADER + (n + 1) * step] for n in order]
    path.write_bytes(stored[:HEADER] + b"".join(pieces))
    with pytest.raises(SealBroken):
        opened(path)


def test_a_chunk_of_another_file_is_noticed(tmp_path: Path) -> None:
    one, two = (sealed(tmp_path / name, text(3 * CHUNK)) for name in "ab")
    step = HEADER + CHUNK + TAG
    one.write_bytes(one.read_bytes()[:step] + two.read_bytes()[step:])
    with pytest.raises(SealBroken):
        opened(one)


def test_bytes_behind_the_end_are_noticed(tmp_path: Path) -> None:
    path = sealed(tmp_path / "f", text(10))
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(SealBroken):
        opened(path)


@pytest.mark.parametrize("content", [b"", b"ORKF", b"PAR1 and so on, long enough to be one", b"ORKF\x01" + b"0" * 16])
def test_what_was_never_sealed_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(SealBroken):
        opened(tmp_path / "f")


def test_a_file_opens_for_its_own_key_and_place_only(tmp_path: Path) -> None:
    path = sealed(tmp_path / "f", text(10), context="tenant:a:file:x")
    with pytest.raises(SealBroken):
        opened(path, context="tenant:b:file:x")
    with pytest.raises(SealBroken):
        opened(path, context="tenant:a:file:x", key=DataKey("a", bytes(32)))


def test_there_is_nothing_before_the_beginning(tmp_path: Path) -> None:
    with SealedReader(sealed(tmp_path / "f", text(10)), key=KEY, context="c") as file:
        with pytest.raises(OSError, match="before the beginning"):
            file.seek(-1)
        with pytest.raises(zipfile.BadZipFile):  # which asks for the end of an archive, and finds less than one
            zipfile.ZipFile(file)
