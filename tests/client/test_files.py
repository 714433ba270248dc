"""What can be uploaded."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pandas
import polars
import pytest
from orchestrall_client import Client, DatasetDetail
from orchestrall_client.files import upload_of

from tests.client.conftest import Server, answered, dataset

ROWS = b"item,sold\nTea,12\n"
TABLE = {"item": ["Tea", "Coffee"], "sold": [12, None]}


def test_a_path_is_sent_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "weekly.csv"
    path.write_bytes(ROWS)
    for source in (path, str(path)):
        with upload_of(source) as upload:
            assert (upload.name, upload.file.read()) == ("weekly.csv", ROWS)
    with upload_of(path, "other.csv") as upload:
        assert upload.name == "other.csv"


def test_a_file_that_is_not_there_is_told_before_anything_is_sent(client: Client) -> None:
    with pytest.raises(FileNotFoundError):
        client.datasets.upload("nowhere.csv")


def test_bytes_and_open_files_are_sent_and_stay_open(tmp_path: Path) -> None:
    (tmp_path / "weekly.csv").write_bytes(ROWS)
    with upload_of(ROWS, "a.csv") as upload:
        assert (upload.name, upload.file.read()) == ("a.csv", ROWS)
    with (tmp_path / "weekly.csv").open("rb") as file:
        with upload_of(file) as upload:
            assert (upload.name, upload.file.read()) == ("weekly.csv", ROWS)
        assert not file.closed


def test_an_open_file_is_sent_whole_wherever_it_was_read_to(client: Client, server: Server) -> None:
    file = io.BytesIO(ROWS)
    file.seek(5)
    server.will(answered(dataset(), 201))
    client.datasets.upload(file)
    assert ROWS in server.bodies[0]
    assert server.requests[0].headers["Content-Length"] == str(len(server.bodies[0]))


def test_a_pipe_is_kept_so_that_it_can_be_sent_again() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as end:
        end.write(ROWS)
    with os.fdopen(reading, "rb") as pipe, upload_of(pipe) as upload:
        assert upload.name == "table"
        for _ in range(2):
            upload.file.seek(0)
            assert upload.file.read() == ROWS


def test_tables_keep_their_types() -> None:
    for table in (polars.DataFrame(TABLE), pandas.DataFrame(TABLE)):
        with upload_of(table) as upload:
            upload.file.seek(0)
            assert upload.name == "table.parquet"
            assert polars.read_parquet(io.BytesIO(upload.file.read())).to_dict(as_series=False) == TABLE


def test_a_table_of_pandas_goes_as_csv_where_there_is_no_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrall_client.files.find_spec", lambda name: None)
    with upload_of(pandas.DataFrame(TABLE)) as upload:
        upload.file.seek(0)
        assert (upload.name, upload.file.read()) == ("table.csv", b"item,sold\nTea,12.0\nCoffee,\n")


@pytest.mark.parametrize("source", [io.StringIO("item\n"), 7, {"item": ["Tea"]}, None])
def test_what_is_no_file_is_refused(source: object) -> None:
    with pytest.raises(TypeError, match=r"binary mode|cannot be uploaded"), upload_of(source):  # type: ignore[arg-type]
        pass


def test_an_upload_is_a_form_with_what_was_said_of_it(client: Client, server: Server) -> None:
    server.will(answered(dataset(is_new="unknown to this version"), 201))
    stored = client.datasets.upload(ROWS, name="weekly.csv", title="Weekly sales", sheet="One")
    assert isinstance(stored, DatasetDetail)
    assert stored.columns[0].name == "item"
    assert server.requests[0].extensions["timeout"]["read"] >= 120
    assert b'name="title"\r\n\r\nWeekly sales' in server.bodies[0]
    assert b'name="sheet"\r\n\r\nOne' in server.bodies[0]


def test_neither_polars_nor_pandas_is_loaded_by_the_client() -> None:
    import subprocess

    code = "import sys, orchestrall_client.cli.main; sys.exit(bool({'polars', 'pandas', 'pyarrow'} & set(sys.modules)))"
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=paths, check=False).returncode == 0
