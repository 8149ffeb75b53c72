"""Generated requests at the running bank: nothing they say makes a service fail, and every answer is a documented one.

A few hundred a service where every commit runs them; ``SUANDAI_FUZZ_CALLS=5000`` (``make fuzz``) for the thorough walk.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, strategies
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from domain.roles import BORROWER_ROLES, SERVICE_ROLES, Role
from suandai.walkthrough.books import today
from suandai.walkthrough.files import CASTS, case_files
from suandai.walkthrough.play import CasePlay
from tests.contract.conftest import SERVICES, Caller, Tokens, caller_of
from tests.fixtures.stack import BankStack

CALLS = int(os.environ.get("SUANDAI_FUZZ_CALLS", "250"))
"""Requests to each service."""
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]
_MOST_ROUNDS = 40
"""A route without parameters has few requests to be asked with: the rounds go on until the others have made up for it."""
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@dataclass
class Walk:
    """What came of the requests to one service."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    """By operation and kind of fault: the first request that showed it."""

    @property
    def calls(self) -> int:
        return self.statuses.total()


@dataclass(frozen=True)
class Known:
    """Things that exist, so that a request reaches more than the lookup. They may come to any harm."""

    path: dict[str, str]
    body: dict[str, Any]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def known(bank_stack: BankStack) -> Known:
    play = CasePlay(bank_stack.bank, case_files("jsb-order"), CASTS["jsb-order"])
    customer = await play.enter_customer()
    application = await play.draft(customer)
    group = await play.rm.post("/v1/groups", {"name": "试验集团", "basis": "control"})
    [document, *_] = await play.rm.get(f"/v1/applications/{play.case_id}/documents")
    [policy, *_] = await bank_stack.bank.person("policy.ho").page("/v1/policies")
    return Known(
        path={
            "case_id": application["application_id"],
            "group_id": group["group_id"],
            "customer_id": customer["customer_id"],
            "sha256": document["sha256"],
            "series": "lpr",
        },
        body={
            "policy_sha256": policy["sha256"],
            "as_of": today().isoformat(),
            "case_id": application["application_id"],
            "pinned_on": None,
        },
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_no_request_makes_a_service_fail_and_every_answer_is_documented(
    bank_stack: BankStack, minted: Tokens, known: Known, service: str, record_property: Callable[[str, object], None]
) -> None:
    try:
        walk = await asyncio.to_thread(_walked, bank_stack.urls[service], service, minted, known)
    finally:
        await asyncio.to_thread(_behave_again, bank_stack, minted)
    record_property("statuses", dict(walk.statuses))
    told = f"{service}: {walk.calls} calls, {dict(sorted(walk.statuses.items()))}"
    print(told)
    assert walk.faults == {}, told
    assert walk.calls >= CALLS, told
    assert {200, 422} <= set(walk.statuses), told


def _behave_again(bank_stack: BankStack, minted: Tokens) -> None:
    """The simulated core-banking system was told to misbehave, among other things."""
    requests.put(
        f"{bank_stack.urls['core-banking']}/v1/simulator/fault",
        json={"fault": "none"},
        headers={"Authorization": f"Bearer {minted.of(Caller(Role.SERVICE_ORIGINATION), 'core-banking')}"},
        timeout=30,
    ).raise_for_status()


def _walked(url: str, service: str, minted: Tokens, known: Known) -> Walk:
    schema = schemathesis.openapi.from_dict(requests.get(f"{url}/openapi.json", timeout=30).json())
    operations = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    each = max(2, -(-CALLS // (len(operations) * len(_MODES))))
    walk = Walk()
    with requests.Session() as session:
        session.trust_env = False
        for turn in range(_MOST_ROUNDS):
            for operation in operations:
                for mode in _MODES:
                    bearers = _bearers(operation, service, minted)
                    _call(operation, mode, each, url, bearers, known, session, walk, seed=turn)
            if walk.calls >= CALLS:
                break
    return walk


def _bearers(operation: Any, service: str, minted: Tokens) -> list[str]:
    """A token of every kind of caller the operation is for: head office, a branch, a borrower, a component."""
    declared = sorted(operation.definition.raw.get("x-suandai-roles", []))
    kinds: dict[str, Role] = {}
    for role in map(Role, declared):
        kinds.setdefault(
            "service" if role in SERVICE_ROLES else "borrower" if role in BORROWER_ROLES else "staff", role
        )
    callers = [caller_of(role, "HO", "91320100MA21JDDDXH") for role in kinds.values()]
    if "staff" in kinds:
        callers.append(caller_of(kinds["staff"], "NJ", ""))
    return [minted.of(caller, service) for caller in callers] or [""]


def _call(
    operation: Any,
    mode: GenerationMode,
    times: int,
    url: str,
    bearers: list[str],
    known: Known,
    session: requests.Session,
    walk: Walk,
    *,
    seed: int,
) -> None:
    @hypothesis.seed(seed)
    @given(
        case=operation.as_strategy(generation_mode=mode),
        real=strategies.booleans(),
        bearer=strategies.sampled_from(bearers),
    )
    @hypothesis.settings(
        max_examples=times,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, real: bool, bearer: str) -> None:
        if real:
            _made_real(case, known)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        response = case.call(base_url=url, headers=headers, session=session, timeout=60)
        walk.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except (
            Exception,
            FailureGroup,
        ) as failure:  # every operation is walked to its end, and all that is wrong is told at once
            kind = f"{operation.label} {response.status_code} {type(failure).__name__}"
            walk.faults.setdefault(kind, f"{str(failure)[:1500]}\n{case.as_curl_command()[:1500]}")

    try:
        call()
    except hypothesis.errors.Unsatisfiable:
        return  # nothing can be wrong in a request without parameters or body


def _made_real(case: Any, known: Known) -> None:
    if isinstance(case.path_parameters, dict):
        case.path_parameters |= {name: text for name, text in known.path.items() if name in case.path_parameters}
    if isinstance(case.headers, dict) or case.headers is not None:
        for name, text in (("Idempotency-Key", str(uuid4())), ("If-Match", '"1"')):
            if name in case.headers:
                case.headers[name] = text
    if isinstance(case.body, dict):
        case.body |= {name: item for name, item in known.body.items() if name in case.body}
