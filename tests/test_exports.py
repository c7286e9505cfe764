"""What we write as CSV runs in no spreadsheet, and says exactly what it said when it is read again (promise 12)."""

import csv
import io
import json

import pytest
from django.urls import reverse

from interlock.backlog.models import Feature
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.run import Run
from interlock.connect.readers import opened
from interlock.organisation.models import Product
from interlock.workspaces.exports import RISKY, as_written, inert
from tests.addresses import addresses
from tests.world import settle

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|'/c calc'!A1", "'=1", "''=1", "'", "''", "'-", "x", ""]
FORMULAS += [f'{sign}HYPERLINK("https://a.invalid";"x")\n' for sign in RISKY]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_is_escaped_and_taken_back_exactly(text):
    assert not inert(text).startswith(RISKY)
    assert as_written(inert(text)) == text


@pytest.mark.django_db
def test_no_export_holds_a_formula_and_each_says_what_was_written(client, olga, figures):
    """Every list there is, found by asking each address for its file."""
    texts = iter(FORMULAS * 20)
    world = settle(olga, text=lambda words: f"{next(texts)} {words}")
    client.force_login(olga.user)
    cells = risky = files = 0
    for address in addresses_of_files(client, world):
        table, rows = file(client, address, "csv"), file(client, address, "json")
        [_, *written] = csv.reader(io.StringIO(text_of(table).removeprefix("\ufeff"), newline=""))
        plain = json.loads(text_of(rows)) if rows.headers["Content-Type"].startswith("application/json") else None
        assert not [cell for line in written for cell in line if cell.startswith(RISKY)], address
        files += 1
        cells += sum(map(len, written))
        if not isinstance(plain, list):
            continue  # a report in a form of its own, or a table that is told as CSV alone
        assert len(written) == len(plain), address
        for line, row in zip(written, plain, strict=True):
            for cell, told in zip(line, row.values(), strict=True):
                if isinstance(told, str):
                    assert as_written(cell) == told, address
                    risky += told.startswith(RISKY)
    assert files > 3
    assert risky > 10
    figures.measured(
        "CSV files, cells, those that began as a formula, those that still do", f"{files}, {cells}, {risky}, 0"
    )


def text_of(answer):
    return answer.getvalue().decode() if answer.streaming else answer.content.decode()


def file(client, address, kind):
    """Some say the format in their address, others are asked for it."""
    return client.get(address.replace("export.csv", f"export.{kind}"), {"format": kind})


def addresses_of_files(client, world):
    for address in addresses(world):
        if address.ours and not address.api and address.name != "live":
            answer = file(client, address.path, "csv")
            if answer.headers["Content-Type"].startswith("text/csv"):
                assert answer.headers["Content-Disposition"].startswith("attachment"), address
                yield address.path


@pytest.mark.django_db
def test_a_plan_that_went_out_as_csv_comes_back_as_it_was(client, ada, cleo, payments, tmp_path):
    titles = [text for text in FORMULAS if text.strip("'") and text.strip() == text]
    Feature.objects.add_many([{"product": payments, "title": title} for title in titles], by=ada)
    client.force_login(ada.user)
    (tmp_path / "plan.csv").write_bytes(client.get(reverse("backlog-export", args=["northwind", "csv"])).getvalue())
    Product.objects.add(name="Payments", by=cleo)
    mapping = """
source: northwind
imports:
  - entity: feature
    files: plan.csv
    external_id: key
    fields: {product: {value: Payments, by: name}, title: {from: title, do: [as_written]}}
"""
    with Run(opened(tmp_path), Mapping.parse(mapping), by=cleo) as run:
        run.check()
        assert not run.write().stopped, list(run.notes())
        assert not list(run.notes())
    there = Feature.objects.filter(workspace=cleo.workspace)
    assert sorted(there.values_list("title", flat=True)) == sorted(titles)
