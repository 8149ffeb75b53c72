"""Generated requests at the running bank: nothing they say makes a service fail, and every answer is a documented one.

A few hundred a service where every commit runs them; ``SUANDAI_FUZZ_CALLS=5000`` (``make fuzz``) for the thorough walk.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import hypothesis
import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, strategies
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from domain.roles import BORROWER_ROLES, HEAD_OFFICE, SERVICE_ROLES, Role
from suandai.walkthrough.books import today
from suandai.walkthrough.files import CASTS, another_case
from suandai.walkthrough.play import CasePlay
from tests.contract.conftest import SERVICES, Caller, Tokens, caller_of
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import BankStack, running_bank

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
    requests: dict[str, dict[str, Any]]
    """By operation: a request that a case has made, for the generated ones to vary."""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def bank_stack() -> AsyncIterator[BankStack]:
    """A bank of its own: generated requests enter rates and mandates that no other test should meet."""
    async with running_bank() as bank:
        yield bank


@pytest.fixture(scope="module")
def secured(bank_stack: BankStack) -> SecuredCases:
    """The examples at this bank."""
    return SecuredCases(bank_stack)


@pytest.fixture(scope="module")
def minted(bank_stack: BankStack) -> Tokens:
    """Tokens of anybody at this bank."""
    return Tokens(bank_stack)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def known(bank_stack: BankStack, secured: SecuredCases, minted: Tokens) -> Known:
    play = CasePlay(bank_stack.bank, another_case("jsb-order"), CASTS["jsb-order"])
    customer = await play.enter_customer()
    application = await play.draft(customer)
    group = await play.rm.post("/v1/groups", {"name": "试验集团", "basis": "control"})
    [document, *_] = await play.rm.get(f"/v1/applications/{play.case_id}/documents")
    assessment = await play.rm.get(f"/v1/applications/{(await secured('jsb-order')).case_id}/assessment")
    findings = {item["finding"]["kind"]: item["finding"]["id"] for item in assessment["items"]}
    made = {}
    async with httpx.AsyncClient(base_url=bank_stack.urls["pricing"], timeout=30, trust_env=False) as http:
        bearer = {"Authorization": f"Bearer {minted.of(Caller(Role.AUDITOR, branch=HEAD_OFFICE), 'pricing')}"}
        for kind in ("rating", "limit", "quote", "schedule"):
            answer = await http.get(f"/v1/findings/{findings[kind]}/inputs", headers=bearer)
            made[f"POST /v1/{kind}s"] = answer.raise_for_status().json()
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
        requests=made,
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
        varied=strategies.integers(0, 2**16 - 1),
        bearer=strategies.sampled_from(bearers),
    )
    @hypothesis.settings(
        max_examples=times,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, real: bool, varied: int, bearer: str) -> None:
        if real:
            _made_real(case, known, known.requests.get(operation.label), varied)
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


def _made_real(case: Any, known: Known, made: dict[str, Any] | None, varied: int) -> None:
    if isinstance(case.path_parameters, dict):
        case.path_parameters |= {name: text for name, text in known.path.items() if name in case.path_parameters}
    if isinstance(case.headers, dict) or case.headers is not None:
        for name, text in (("Idempotency-Key", str(uuid4())), ("If-Match", '"1"')):
            if name in case.headers:
                case.headers[name] = text
    if isinstance(case.body, dict) and made is not None:
        # The request of a case with one field or two as they were generated.
        names = sorted(case.body)
        changed = {names[varied % len(names)], names[varied // 256 % len(names)]} if names else set()
        case.body = made | {name: case.body[name] for name in changed}
    elif isinstance(case.body, dict):
        case.body |= {name: item for name, item in known.body.items() if name in case.body}
