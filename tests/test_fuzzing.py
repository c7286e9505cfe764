"""The API under fuzz (promise 27): whatever is sent, the answer is one that the description tells of.

Schemathesis makes the requests out of the description, valid ones and such as break it, and judges the answers.
"""

import logging
import re
from collections import Counter
from itertools import count

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.api import Caller
from tests.figures import FULL
from tests.test_api_doors import undone
from tests.world import settle

pytestmark = pytest.mark.django_db

QUIET = list(hypothesis.HealthCheck)
# A tag that we never gave is no error of form: it matches nothing.
TOLD = {"negative_data_rejection": ["412"], "positive_data_acceptance": ["412"], "missing_required_header": ["428"]}


# What they take, the rule at hand decides.
UP_TO_THE_RULE = {"fix_finding", "configure_rule", "configure_rule_for_product"}
# What is in a file and in its mapping no description can say.
UP_TO_THE_RULE |= {"send_import", "map_import", "send_plan"}


@pytest.fixture
def application(settings):
    """Ours, in the test's own transaction, which a request must not close."""
    settings.API_REQUESTS_PER_MINUTE = 100_000_000
    settings.ALLOWED_HOSTS = ["*"]
    signals = request_started, request_finished
    for one in signals:
        one.disconnect(close_old_connections)
    logging.disable(logging.CRITICAL)
    yield get_wsgi_application()
    logging.disable(logging.NOTSET)
    for one in signals:
        one.connect(close_old_connections)


@pytest.fixture
def schema(application):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, config=SchemathesisConfig())
    for check, statuses in TOLD.items():
        getattr(schema.config.checks, check).expected_statuses = [
            *getattr(schema.config.checks, check).expected_statuses,
            *statuses,
        ]
    return schema


def existing(value):
    """The same with the keys of rows that there may be: a number drawn at random names nothing."""
    match value:
        case str():
            return re.sub(r"^([A-Z]+)-([0-9]+)$", lambda key: f"{key[1]}-{int(key[2]) % 3 + 1}", value)
        case dict():
            return {name: existing(one) for name, one in value.items()}
        case list():
            return [existing(one) for one in value]
    return value


def aim(case):
    """At a workspace that exists and, of two requests, one at rows that do."""
    negative = case.meta.is_negative_at
    if not negative(ParameterLocation.PATH) and "workspace" in case.path_parameters:
        case.path_parameters["workspace"] = "northwind"
    if not negative(ParameterLocation.QUERY):
        # Only a list can say where it goes on.
        case.query.pop("cursor", None)
    if next(TURN) % 2:
        case.path_parameters = existing(case.path_parameters)
        case.query = existing(case.query)
        case.body = existing(case.body)


TURN = count()


def test_whatever_is_sent_the_answer_is_as_described(olga, schema, figures):
    settle(olga)
    operations = [found.ok() for found in schema.get_all_operations()]
    if not FULL:
        # To prepare the requests of an operation takes half a second: each database gets every other.
        operations = operations[connection.vendor == "postgresql" :: 2]
    cases = figures.count("requests made up from the description", reduced=150, full=20_000)
    sender = {"Authorization": f"Bearer {Caller(olga).token}"}
    modes = [HypothesisTestMode.FUZZING, HypothesisTestMode.EXAMPLES]
    how = hypothesis.settings(
        max_examples=-(-cases // len(operations)),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=QUIET,
    )
    answers, wrong, last = Counter(), {}, {}

    def send(case):
        aim(case)
        with undone():
            own = case.operation.definition.raw["operationId"] in UP_TO_THE_RULE
            response = case.call(headers=sender)
            last[case.operation.label] = f"{case.as_curl_command()}\n{response.status_code} {response.content[:600]!r}"
            # Some checks ask again, so they need to know how.
            case.validate_response(
                response,
                headers=sender,
                transport_kwargs={"headers": sender},
                excluded_checks=[positive_data_acceptance] if own else [],
            )
        answers[response.status_code] += 1

    for operation in operations:
        config = HypothesisTestConfig(
            schema.config, modes=[*modes, HypothesisTestMode.COVERAGE] if FULL else modes, settings=how
        )
        try:
            create_test(operation=operation, test_func=send, config=config)()
        except BaseExceptionGroup as problem:
            wrong[operation.label] = problem.exceptions
    assert not wrong, "\n\n".join(
        f"{label}\n{told}\n{last.get(label)}" for label, found in wrong.items() for told in found
    )
    assert sum(answers.values()) >= cases
    figures.measured("operations; answers by status", f"{len(operations)}; {dict(sorted(answers.items()))}")
    assert not [status for status in answers if status >= 500]
