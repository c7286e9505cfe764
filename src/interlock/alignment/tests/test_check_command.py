import json
from io import StringIO
from xml.etree import ElementTree as ET

import pytest
from django.core.management import CommandError, call_command

from interlock.backlog.models import Feature
from interlock.organisation.models import Product
from interlock.strategy.models import Objective


def run(*arguments):
    """What it prints, and the status it ends with."""
    out = StringIO()
    try:
        call_command("check_alignment", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), end.code
    except CommandError as error:
        return str(error), error.returncode
    return out.getvalue(), 0


@pytest.fixture
def refunds(payments, dana, billing, ada):
    return Feature.objects.add(product=payments, title="Refund in <one> step", owner=dana, team=billing, by=ada)


def test_json_has_these_keys_and_no_others(northwind, refunds, settings):
    told = json.loads(run("--format", "json")[0])
    assert list(told) == ["workspace", "score", "dimensions", "findings"]
    assert (told["workspace"], told["dimensions"]["Priorities"]) == ("northwind", 50.0)
    (finding,) = told["findings"]
    assert finding.pop("url").startswith(f"{settings.BASE_URL}/northwind/findings/FIND-")
    assert finding == {
        "code": "BL101",
        "name": "feature-without-objective",
        "severity": "warning",
        "subject": "F-1 Refund in <one> step",
        "evidence": "F-1 is candidate, and nothing says what for.",
        "departments": ["Engineering"],
        "people": ["Dana Ruiz"],
        "fixes": ["Choose an objective", "Drop the feature"],
    }


def test_text_names_what_is_wrong_whom_it_concerns_and_how_to_fix_it(northwind, refunds):
    text, status = run()
    assert status == 0
    for part in (
        "BL101 feature-without-objective",
        "F-1 is candidate",
        "Engineering, Dana Ruiz",
        "choose an objective",
    ):
        assert part in text
    assert "\x1b" not in text


def test_markdown_and_junit_are_well_formed(northwind, refunds):
    assert r"“Refund in \<one\> step” serves no objective" in run("--format", "markdown")[0]
    suite = ET.fromstring(run("--format", "junit")[0])
    assert [case.get("classname") for case in suite] == ["BL101 feature-without-objective"]
    assert suite[0][0].get("type") == "warning"


@pytest.mark.parametrize(("severity", "status"), [("error", 0), ("warning", 1), ("note", 1)])
def test_it_fails_on_what_is_severe_enough(severity, status, northwind, refunds):
    assert run("--fail-on", severity)[1] == status


def test_one_product_alone(northwind, refunds, ada):
    Product.objects.add(name="Ledger", by=ada)
    assert json.loads(run("--product", "ledger", "--format", "json")[0])["findings"] == []
    assert len(json.loads(run("--product", "PROD-1", "--format", "json")[0])["findings"]) == 1


def test_an_empty_workspace_has_nothing_to_check(northwind):
    assert run() == ("Northwind: there is nothing to check yet.\n", 0)


def test_it_says_what_it_cannot_do_with_status_2(northwind, cleo):
    Objective.objects.add(title="Grow", by=cleo)
    assert run() == ("There are several workspaces: choose one by --workspace (northwind, southwind).", 2)
    assert run("--workspace", "eastwind") == ("There is no workspace “eastwind”.", 2)
    assert run("--workspace", "northwind", "--product", "X") == ("There is no product “X” in northwind.", 2)
