"""`orchestrall datasets …`"""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from typing import Any

from orchestrall_client.cli.login import Usage
from orchestrall_client.cli.output import facts, moment, print_json, print_list, say, table
from orchestrall_client.cli.parsing import Group, list_options, narrowed, output_option, source, target
from orchestrall_client.client import Client
from orchestrall_client.models import DatasetDetail

COLUMNS: dict[str, Any] = {
    "id": lambda dataset: dataset.id,
    "name": lambda dataset: dataset.name,
    "format": lambda dataset: dataset.format,
    "rows": lambda dataset: dataset.rows,
    "columns": lambda dataset: dataset.width,
    "uploaded": lambda dataset: moment(dataset.created_at),
    "by": lambda dataset: dataset.created_by,
}


def add(group: Group) -> None:
    listing = group.command("list", list_datasets, "The datasets, newest first.")
    listing.add_argument("--q", default="", metavar="WORDS", help="only those whose name contains the words")
    list_options(listing, "created_at", "name")

    upload = group.command("upload", upload_dataset, "Store a table for many runs.", examples=_UPLOAD)
    upload.add_argument("file", metavar="FILE", help="CSV, XLSX or Parquet; - is standard input")
    upload.add_argument("--title", default="", help="what people call it; by default the file's name")
    upload.add_argument("--sheet", default="", help="the sheet of a workbook; by default its first")

    group.command("get", get_dataset, "A dataset with its columns.").add_argument("dataset", metavar="ID")

    rename = group.command("rename", rename_dataset, "Give a dataset another name.")
    rename.add_argument("dataset", metavar="ID")
    rename.add_argument("name", metavar="NAME")

    rows = group.command("rows", rows_of_dataset, "All rows of a dataset, as CSV.")
    rows.add_argument("dataset", metavar="ID")
    output_option(rows)

    delete = group.command("delete", delete_datasets, "Delete datasets with their rows, for good.")
    delete.add_argument("datasets", metavar="ID", nargs="+")
    delete.add_argument("--yes", action="store_true", help="do not ask")


_UPLOAD = """\
  orchestrall datasets upload weekly.csv --title 'Weekly sales'
  id=$(orchestrall datasets upload weekly.csv --json | jq -r .id)"""


def list_datasets(client: Client, asked: argparse.Namespace) -> int:
    found = client.datasets.list(q=asked.q, **narrowed(asked))
    print_list(islice(found, asked.limit), COLUMNS, as_json=asked.json)
    return 0


def upload_dataset(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.datasets.upload(source(asked.file), title=asked.title, sheet=asked.sheet), asked)


def get_dataset(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.datasets.get(asked.dataset), asked)


def rename_dataset(client: Client, asked: argparse.Namespace) -> int:
    return _shown(client.datasets.rename(asked.dataset, asked.name), asked)


def rows_of_dataset(client: Client, asked: argparse.Namespace) -> int:
    client.datasets.rows(asked.dataset, target(asked.output))
    return 0


def delete_datasets(client: Client, asked: argparse.Namespace) -> int:
    if not asked.yes:
        if not sys.stdin.isatty():
            raise Usage("Nobody is there to be asked: add --yes. Nothing was deleted.")
        count = len(asked.datasets)
        print(f"Delete {count} dataset{'s' if count > 1 else ''} for good? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            say("Nothing was deleted.")
            return 0
    for dataset in asked.datasets:
        client.datasets.delete(dataset)
        if asked.json:
            print_json({"deleted": dataset})
        else:
            print(f"Deleted {dataset}")
    return 0


def _shown(dataset: DatasetDetail, asked: argparse.Namespace) -> int:
    if asked.json:
        print_json(dataset)
        return 0
    facts(
        {
            "Dataset": f"{dataset.name}  {dataset.id}",
            "File": f"{dataset.filename} ({dataset.read_as}, {dataset.size_bytes} bytes)",
            "Rows": dataset.rows,
            "By": dataset.created_by,
            "Uploaded": moment(dataset.created_at),
        }
    )
    print()
    heads = ["column", "type", "empty", "for example"]
    table(heads, [[each.name, each.type, each.nulls, ", ".join(each.examples)] for each in dataset.columns])
    return 0
