"""Who gets where: every route of every service, every role, and objects that are somebody else's.

The routes come from the services' own documents, so that a new one is walked as soon as it exists, and one whose objects
belong to somebody is not walked past because nobody thought of it.
"""

import asyncio
import base64
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import psycopg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.calendar import BANK_ZONE
from domain.canonical import canonical
from domain.roles import BORROWER_ROLES, SERVICE_ROLES, STAFF_ROLES, Role
from suandai.stack.accounts import BORROWER_USCC
from tests.contract.conftest import Caller, Operation, Tokens, at_head_office, caller_of, each_service, some_key
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import BankStack

T = TypeVar("T")

OWN_BRANCH, FOREIGN_BRANCH = "YC", "NJ"
OWN_BORROWER, FOREIGN_BORROWER = BORROWER_USCC["xiyun"], BORROWER_USCC["jiangsu"]
REFUSED = (401, 403)
PUBLIC = {"GET /healthz", "GET /readyz", "GET /problems", "GET /problems/{code}"}
_AT_ONCE = 12

ANY_OBJECT = {
    "verb": "claim",
    "name": "intake",
    "series": "lpr",
    "sha256": "a" * 64,
    "kind": "product",
    "policy_id": "nothing",
    "end_to_end_id": "NOBODY-U01-01",
    "programme_id": "boc_ai",
}
"""Path parameters that are no ids; every other one is given an id of nothing."""
QUERY = {
    # The bank of these tests has a policy from today on, and measures exposure by it.
    "as_of": datetime.now(BANK_ZONE).date().isoformat(),
    "at": "2026-03-16T09:00:00Z",
    "lender_id": "nxb",
    "delivered_on": "2026-03-16",
    "with": "rent.nothing",
    "to": "a" * 64,
}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def http() -> Any:
    async with httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=_AT_ONCE)) as client:
        yield client


async def _all(work: Iterable[Awaitable[T]]) -> list[T]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Awaitable[T]) -> T:
        async with turns:
            return await item

    return await asyncio.gather(*map(one, work))


def _address(url: str, operation: Operation, ids: dict[str, str]) -> str:
    names = operation.required("path")
    return url + operation.path.format(
        **{name: ids.get(name) or ANY_OBJECT.get(name) or str(uuid4()) for name in names}
    )


def _query(operation: Operation) -> dict[str, str]:
    return {name: QUERY[name] for name in operation.required("query")}


def _trying(operation: Operation) -> dict[str, str]:
    """What can be tried without writing is tried: some roles may do no more."""
    offered = {entry["name"] for entry in operation.document.get("parameters", []) if entry["in"] == "query"}
    return {"dry_run": "true"} if "dry_run" in offered else {}


@each_service
async def test_each_role_enters_where_it_is_declared_and_nowhere_else(
    bank_stack: BankStack,
    operations: dict[str, list[Operation]],
    minted: Tokens,
    http: httpx.AsyncClient,
    service: str,
) -> None:
    callers = [caller_of(role, OWN_BRANCH, OWN_BORROWER) for role in Role]
    tokens = {caller: minted.of(caller, service) for caller in callers}

    async def wrong(operation: Operation, caller: Caller) -> str | None:
        # Without a key, a version or a body: whoever may be here is told what is missing, and nothing happens.
        answer = await http.request(
            operation.method,
            _address(bank_stack.urls[service], operation, {}),
            params=_query(operation) | _trying(operation),
            headers={"Authorization": f"Bearer {tokens[caller]}"},
        )
        allowed = caller.role.value in operation.roles
        expected = answer.status_code not in REFUSED if allowed else answer.status_code == 403
        if expected and answer.status_code < 500:
            return None
        return f"{operation} as {caller.role}: {answer.status_code} {answer.text[:200]}"

    walked = [(operation, caller) for operation in operations[service] if not operation.is_public for caller in callers]
    assert walked
    assert [fault for fault in await _all(wrong(*step) for step in walked) if fault] == []


@each_service
async def test_nobody_enters_without_a_good_token(
    bank_stack: BankStack,
    operations: dict[str, list[Operation]],
    minted: Tokens,
    http: httpx.AsyncClient,
    service: str,
) -> None:
    def bad_tokens(caller: Caller) -> dict[str, str]:
        good = minted.of(caller, service)
        head, claims, signature = good.split(".")
        other = "pricing" if service != "pricing" else "collateral"
        return {
            "none": "",
            "nonsense": "Bearer nonsense",
            "other scheme": f"Basic {good}",
            "unsigned": f"Bearer {head}.{claims}.",
            "cut": f"Bearer {head}.{claims}.{signature[:-8]}",
            "forged": f"Bearer {minted.forged(caller, service)}",
            "expired": f"Bearer {minted.of(caller, service, exp=1_700_000_000)}",
            "for another service": f"Bearer {minted.of(caller, other)}",
            "an identity token": f"Bearer {minted.of(caller, service, token_use='id')}",
        }

    by_role: dict[str, dict[str, str]] = {}

    async def wrong(operation: Operation, kind: str, authorization: str) -> str | None:
        answer = await http.request(
            operation.method,
            _address(bank_stack.urls[service], operation, {}),
            params=_query(operation),
            headers={"Authorization": authorization} if authorization else {},
        )
        if answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer"):
            return None
        return f"{operation} with a token that is {kind}: {answer.status_code} {answer.text[:200]}"

    steps = []
    for operation in operations[service]:
        if not operation.is_public:
            role = min(operation.roles)
            tokens = by_role.setdefault(role, bad_tokens(caller_of(Role(role), OWN_BRANCH, OWN_BORROWER)))
            steps += [(operation, kind, authorization) for kind, authorization in tokens.items()]
    assert [fault for fault in await _all(wrong(*step) for step in steps) if fault] == []


@each_service
async def test_what_is_open_to_everybody_is_meant_to_be(operations: dict[str, list[Operation]], service: str) -> None:
    assert {str(operation) for operation in operations[service] if operation.is_public} == PUBLIC


async def test_no_issuer_grants_a_role_of_the_other(
    bank_stack: BankStack, minted: Tokens, http: httpx.AsyncClient
) -> None:
    owner = Caller(Role.BORROWER_OWNER, uscc=OWN_BORROWER)
    rm = Caller(Role.RELATIONSHIP_MANAGER, branch=OWN_BRANCH)
    url = bank_stack.urls["origination"]
    for caller, claimed in ((owner, STAFF_ROLES | SERVICE_ROLES), (rm, BORROWER_ROLES | SERVICE_ROLES)):
        token = minted.of(caller, "origination", roles=sorted(claimed), scope="service:worker", branch="HO")
        for path in ("/v1/mandates", f"/v1/cases/{uuid4()}/dossier"):
            if path == "/v1/mandates" and caller is rm:
                continue
            answer = await http.get(url + path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 403, (caller.role, path, answer.text)


# --- objects that belong to somebody ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Own:
    """A case of one branch and one borrower with everything that hangs on it: path parameters by service."""

    ids: dict[str, dict[str, str]]
    sender: Caller
    """Who sent the command."""
    bodies: dict[str, dict[str, Any]]
    """What a caller would send to the routes that change such an object: arguments of the request."""
    traces: tuple[str, ...]
    """Texts that lists of other branches and borrowers must not hold."""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def own(bank_stack: BankStack, secured: SecuredCases, minted: Tokens, http: httpx.AsyncClient) -> Own:
    play = await secured("nxb-xiyun")
    rm = play.rm
    [customer] = [item for item in await rm.page("/v1/customers") if item["uscc"] == OWN_BORROWER]
    group = {"name": "西云示例集团", "basis": "control"}
    line = {
        "lender_id": "nxb",
        "reference": f"LINE-{uuid4().hex[:12]}",
        "customer_id": customer["customer_id"],
        "kind": "loan",
        "amount": {"amount": "1000000.00", "currency": "CNY"},
        "undrawn_factor": "0.10000000",
        "effective_from": "2026-01-01",
        "effective_to": "2030-01-01",
    }
    entered_group = await rm.post("/v1/groups", group)
    entered_line = await rm.post("/v1/credit-lines", line)
    beside = await _kept_beside_credit(rm, customer["customer_id"])
    [document, *_] = await rm.get(f"/v1/applications/{play.case_id}/documents")
    tasks = await rm.page("/v1/tasks", case_id=play.case_id, type="offer_acceptance", everything="true")
    mandates = [item for item in await rm.page("/v1/mandates") if item["branch"] == OWN_BRANCH]
    assessment = await rm.get(f"/v1/applications/{play.case_id}/assessment")
    rating = next(item for item in assessment["items"] if item["finding"]["kind"] == "rating")
    screening = next(item for item in assessment["items"] if item["finding"]["kind"] == "screening")
    valuation = next(item for item in assessment["items"] if item["finding"]["kind"] == "valuation")
    servers = next(item for item in assessment["items"] if item["asset_key"] == "servers")
    with psycopg.connect(bank_stack.assembly.postgres.conninfo("suandai")) as connection:
        found = connection.execute(
            "SELECT id, actor ->> 'subject' FROM origination.command WHERE of_case = %s AND actor ->> 'subject' = %s LIMIT 1",
            (play.case_id, rm.name),
        ).fetchone()
    assert found is not None
    staff = minted.of(Caller(Role.COLLATERAL_OFFICER, branch=OWN_BRANCH), "collateral")
    assets = await http.get(
        f"{bank_stack.urls['collateral']}/v1/assets",
        params={"case_id": play.case_id},
        headers={"Authorization": f"Bearer {staff}"},
    )
    price = next(item for item in assessment["items"] if item["finding"]["kind"] == "quote")
    worker = {"Authorization": f"Bearer {minted.of(Caller(Role.SERVICE_WORKER), 'pricing')}"}
    pricing = bank_stack.urls["pricing"]
    asked = await http.get(f"{pricing}/v1/findings/{price['finding']['id']}/inputs", headers=worker)
    sensitivity = await http.post(
        f"{pricing}/v1/quotes/sensitivity", json=asked.json(), headers=worker | {"Idempotency-Key": some_key()}
    )
    assert sensitivity.status_code == 201, sensitivity.text
    kept = await _kept_by_collateral(bank_stack, minted, http, asked.json()["policy_sha256"])
    [transfer] = play.utilisation["transfers"]
    customer_body = {"uscc": customer["uscc"], "name": customer["name"], "file": customer["file"]}
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Own(
        ids={
            "origination": {
                "case_id": play.case_id,
                "customer_id": customer["customer_id"],
                "group_id": entered_group["group_id"],
                "line_id": entered_line["line_id"],
                "sha256": document["sha256"],
                "task_id": tasks[0]["task_id"],
                "mandate_id": mandates[0]["mandate_id"],
                "command_id": str(found[0]),
                "facility_id": play.facility["facility_id"],
                "utilisation_id": play.utilisation["utilisation_id"],
                "transfer_id": transfer["transfer_id"],
                "finding_id": screening["finding"]["id"],
            }
            | beside,
            "pricing": {"finding_id": rating["finding"]["id"], "sensitivity_id": sensitivity.json()["id"]},
            "collateral": {
                "finding_id": valuation["finding"]["id"],
                "valuation_id": servers["finding"]["id"],
                "asset_id": assets.json()["items"][0]["asset_id"],
            }
            | kept,
        },
        sender=Caller(Role.RELATIONSHIP_MANAGER, branch=OWN_BRANCH, subject=rm.name),
        bodies={
            "PUT /v1/customers/{customer_id}": {"json": customer_body},
            "PUT /v1/groups/{group_id}": {"json": group},
            "PUT /v1/credit-lines/{line_id}": {"json": line},
            "PATCH /v1/applications/{case_id}": {"json": {"remark": "别处的申请"}},
            "POST /v1/applications/{case_id}/documents": {
                "files": {"file": ("a.pdf", b"%PDF-1.4\n", "application/pdf")},
                "data": {"kind": "invoice"},
            },
            "POST /v1/applications/{case_id}/assets/import": {
                "files": {"file": ("servers.xlsx", b"PK\x03\x04", xlsx)},
                "data": {"asset_key": "servers"},
            },
            "POST /v1/assets/{asset_id}/import": {"files": {"file": ("servers.csv", b"serial\n", "text/csv")}},
            "POST /v1/registrations/{registration_id}/extension": {"json": {"years": 1, "as_of": "2026-03-16"}},
            "POST /v1/registrations/{registration_id}/cancellation": {
                "json": {"reason": "不是本行的登记", "as_of": "2026-03-16"}
            },
            "POST /v1/site-keys/{key_id}/confirmation": {},
            "POST /v1/site-keys/{key_id}/revocation": {},
            "POST /v1/customers/{customer_id}/referrals": {
                "json": {"programme": "shrcb_six", "service": "policy_liaison", "referred_on": "2026-03-02"}
            },
            "POST /v1/customers/{customer_id}/innovation-projects": {
                "json": {"programme": "icbc_commons", "project": "别处的项目", "won_on": "2026-03-02"}
            },
            "POST /v1/support-claims/{claim_id}/confirm": {},
            "POST /v1/support-claims/{claim_id}/withdraw": {"json": {"reason": "别处的申领"}},
            "POST /v1/visits/{visit_id}/application": {"json": {"lender_id": "nxb"}},
            "POST /v1/applications/{case_id}/submit": {},
            "POST /v1/applications/{case_id}/withdraw": {"json": {"reason": "不是本行的申请"}},
            "POST /v1/tasks/{task_id}/{verb}": {"json": {}},
            "POST /v1/mandates/{mandate_id}/approve": {},
            "POST /v1/mandates/{mandate_id}/end": {"json": {"reason": "别处的授权"}},
            "POST /v1/facilities/{facility_id}/utilisations": {"json": play.files.json("utilisation.json")},
            "POST /v1/facilities/{facility_id}/margin-reports": {
                "json": {"kind": "grade", "agency": "别处", "grade": "A", "on": "2026-01-05", "evidence": "a" * 64}
            },
            "POST /v1/transfers/{transfer_id}/confirm": {
                "json": {"decision": "confirm", "instruction_sha256": transfer["instruction_sha256"]}
            },
        },
        traces=(play.case_id, play.application["case_number"], OWN_BORROWER, play.facility["facility_id"]),
    )


async def _kept_beside_credit(rm: Any, customer_id: str) -> dict[str, str]:
    """A claim, a letter of intention and a visit of the branch."""
    some = uuid4().hex[:12]
    claim = {
        "programme": "zh_voucher",
        "claimed_on": "2026-03-02",
        "firm_uscc": OWN_BORROWER,
        "contract_number": f"SL-{some}",
        "contract_amount": {"amount": "100.00"},
        "signed_on": "2026-03-02",
        "contract_months": 12,
        "supplier_uscc": FOREIGN_BORROWER,
        "supported_elsewhere": False,
    }
    letter = {
        "lender_id": "nxb",
        "customer_id": customer_id,
        "reference": f"YX-{some}",
        "signed_on": "2026-03-02",
        "lines": [{"instrument": "loan", "amount": {"amount": "1000000.00"}}],
    }
    visit = {
        "programme": "abc_sh_123",
        "reference": f"XH-{some}",
        "visited_on": "2026-03-02",
        "firm_name": "样例企业",
        "firm_uscc": OWN_BORROWER,
        "need": {"purpose": "compute_equipment_purchase"},
    }
    return {
        "claim_id": (await rm.post("/v1/support-claims", claim))["claim_id"],
        "intention_id": (await rm.post("/v1/intentions", letter))["intention_id"],
        "visit_id": (await rm.post("/v1/visits", visit))["visit_id"],
    }


async def _kept_by_collateral(
    bank_stack: BankStack, minted: Tokens, http: httpx.AsyncClient, policy_sha256: str
) -> dict[str, str]:
    """What hangs on an asset of a case of its own: an import, a search, a registration, a site's key, an attestation,
    and a fleet valued anew."""
    url = bank_stack.urls["collateral"]
    officer = minted.of(Caller(Role.COLLATERAL_OFFICER, branch=OWN_BRANCH), "collateral")
    second = minted.of(Caller(Role.MONITOR, branch=OWN_BRANCH), "collateral")
    worker = minted.of(Caller(Role.SERVICE_WORKER), "collateral")

    async def post(path: str, body: dict[str, Any] | None, token: str = officer, **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": some_key()}
        answer = await http.post(url + path, json=body, headers=headers, **arguments)
        assert answer.is_success, answer.text
        return answer.json()

    entry = {
        "case_id": str(uuid4()),
        "asset_key": "servers",
        "kind": "gpu_server",
        "description": "x",
        "branch": OWN_BRANCH,
    }
    asset_id = (await post("/v1/assets", entry, worker))["asset_id"]
    job = await post(f"/v1/assets/{asset_id}/import", None, files={"file": ("a.csv", b"serial\n", "text/csv")})
    asked = {"asset_id": asset_id, "debtor_uscc": OWN_BORROWER, "as_of": "2026-03-16"}
    filing = asked | {
        "kind": "equipment_mortgage",
        "secured_amount": {"amount": "1.00"},
        "agreed_on": "2026-03-16",
        "years": 1,
    }
    search = await post("/v1/registry-searches", asked)
    registration = await post("/v1/registry-filings", filing)
    private = Ed25519PrivateKey.generate()
    public = _base64(private.public_key().public_bytes_raw())
    key = await post("/v1/site-keys", {"site": "一号机房", "branch": OWN_BRANCH, "public_key": public})
    await post(f"/v1/site-keys/{key['key_id']}/confirmation", None, second)
    challenge = await post("/v1/attestation-challenges", {"asset_id": asset_id, "site": "一号机房"})
    statement = {name: challenge[name] for name in ("challenge_id", "nonce", "site")}
    statement |= {"taken_at": datetime.now(UTC).isoformat(), "servers": []}
    signature = _base64(private.sign(canonical(statement)))
    attestation = await post(
        "/v1/attestations",
        {"key_id": key["key_id"], "statement": statement, "signature": signature, "as_of": "2026-03-16"},
    )
    fleet = await post(
        "/v1/revaluations",
        {
            "policy_sha256": policy_sha256,
            "as_of": "2026-11-02",
            "moves": [{"factor": "0.90000000"}],
            "cause": "rents of the day",
        },
    )
    return {
        "revaluation_id": fleet["revaluation_id"],
        "import_id": job["import_id"],
        "search_id": search["id"],
        "registration_id": registration["registration_id"],
        "key_id": key["key_id"],
        "attestation_id": attestation["id"],
    }


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _strangers(operation: Operation) -> list[Caller]:
    """Callers who may use the route and whose objects these are not."""
    everybody = [caller_of(Role(role), FOREIGN_BRANCH, FOREIGN_BORROWER) for role in sorted(operation.roles)]
    return [
        caller
        for caller in everybody
        if caller.role not in SERVICE_ROLES and not (operation.scope == "head_office" and caller.role is Role.AUDITOR)
    ]


def _insiders(operation: Operation, own: Own) -> list[Caller]:
    if operation.scope == "own":
        return [own.sender]
    if operation.scope == "head_office":
        return [at_head_office(Role(role)) for role in sorted(operation.roles) if role in STAFF_ROLES]
    # A borrower's people see what they are asked for themselves; the task at hand is the owner's.
    blind = {Role.BORROWER_FINANCE.value} if operation.path.startswith("/v1/tasks/") else set()
    near = [caller_of(Role(role), OWN_BRANCH, OWN_BORROWER) for role in sorted(operation.roles - blind)]
    far = [at_head_office(Role(role)) for role in sorted(operation.roles) if role in STAFF_ROLES]
    return near + far


def _belongs_to_somebody(operation: Operation) -> bool:
    return operation.scope != "none" and bool(operation.required("path"))


@pytest.mark.parametrize("service", ["origination", "pricing", "collateral"])
async def test_what_is_somebody_elses_does_not_exist(
    bank_stack: BankStack,
    operations: dict[str, list[Operation]],
    minted: Tokens,
    http: httpx.AsyncClient,
    own: Own,
    service: str,
) -> None:
    async def answered(operation: Operation, caller: Caller) -> httpx.Response:
        headers = {"Authorization": f"Bearer {minted.of(caller, service)}"}
        headers |= dict.fromkeys(operation.required("header"), some_key())
        if "If-Match" in headers:
            headers["If-Match"] = '"1"'
        return await http.request(
            operation.method,
            _address(bank_stack.urls[service], operation, own.ids[service]),
            params=_query(operation),
            headers=headers,
            **({} if operation.method == "GET" else own.bodies[str(operation)]),
        )

    async def seen_by_stranger(operation: Operation, caller: Caller) -> str | None:
        answer = await answered(operation, caller)
        if answer.status_code == 404 and answer.json()["code"] == "not_found":
            return None
        return f"{operation} as {caller.name}: {answer.status_code} {answer.text[:200]}"

    async def hidden_from_insider(operation: Operation, caller: Caller) -> str | None:
        answer = await answered(operation, caller)
        return None if answer.status_code == 200 else f"{operation} as {caller.name}: {answer.status_code}"

    walked = [operation for operation in operations[service] if _belongs_to_somebody(operation)]
    assert walked
    unknown = [str(item) for item in walked if item.method != "GET" and str(item) not in own.bodies]
    assert unknown == [], "routes that change somebody's object: say in Own.bodies what a caller would send"
    faults = await _all(seen_by_stranger(item, caller) for item in walked for caller in _strangers(item))
    assert [fault for fault in faults if fault] == []
    read = [operation for operation in walked if operation.method == "GET"]
    faults = await _all(hidden_from_insider(item, caller) for item in read for caller in _insiders(item, own))
    assert [fault for fault in faults if fault] == []


@pytest.mark.parametrize("service", ["origination", "collateral"])
async def test_lists_hold_nothing_of_other_branches_and_borrowers(
    bank_stack: BankStack,
    operations: dict[str, list[Operation]],
    minted: Tokens,
    http: httpx.AsyncClient,
    own: Own,
    service: str,
) -> None:
    async def wrong(operation: Operation, caller: Caller) -> str | None:
        answer = await http.get(
            _address(bank_stack.urls[service], operation, {}),
            params=_query(operation) | {"limit": "100"},
            headers={"Authorization": f"Bearer {minted.of(caller, service)}"},
        )
        if answer.status_code != 200:
            return f"{operation} as {caller.name}: {answer.status_code} {answer.text[:200]}"
        told = [text for text in own.traces if text in answer.text]
        return f"{operation} tells {caller.name} of {told}" if told else None

    lists = [
        operation
        for operation in operations[service]
        if operation.method == "GET" and operation.scope != "none" and not operation.required("path")
    ]
    assert lists
    faults = await _all(wrong(item, caller) for item in lists for caller in _strangers(item))
    assert [fault for fault in faults if fault] == []
