"""A case whose facility is open, with everything a drawing is judged by in the books."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio.client import Client, RPCError

from domain.application import (
    ApplicationContent,
    AssetKind,
    AssetLine,
    CreditLineRequest,
    LineKind,
    Party,
    PartyRole,
    Payee,
    Repayment,
    RepaymentMethod,
)
from domain.calendar import BANK_ZONE, business_date
from domain.canonical import canonical, sha256_of
from domain.facility import ConditionKind, ConditionTerm, FacilityRef, PricedTerms, TransferRef
from domain.money import Money, yuan
from domain.process import CaseStep, ConditionReport, TransferStep, UtilisationStep, utilisation_workflow_id
from policy.engine import Bundle, load_book
from services.kit.database import Database, new_id, now
from services.origination.calc.terms import ContractData, OfferTerms
from services.origination.client import OriginationClient
from services.origination.store.events import record
from services.origination.tables.base import OriginationTable
from services.origination.tables.books import Customer, PolicyBundle, PolicyPublication, ReferenceData
from services.origination.tables.cases import Application, ApplicationVersion, CaseFinding, Contract, Offer
from tests.origination.bench import BRANCH, MANAGER, USCC
from tests.origination.running import People, key, until
from tests.workflows.books import CALENDAR

BOOK = load_book("policy/book")
VENDOR = "91110000600037341L"
NUMBER = "SD2026-640100-000042"
PRECEDENT = ConditionTerm(
    code="CP_ACCOUNT_PLEDGE", kind=ConditionKind.PRECEDENT, title_zh="账户质押", title_en="Account pledge"
)
SUBSEQUENT = ConditionTerm(
    code="CS_REGISTRATION",
    kind=ConditionKind.SUBSEQUENT,
    title_zh="登记",
    title_en="Registration",
    counts_from="delivery",
    due_days=10,
)


def today() -> date:
    """The bank's business date: a drawing is asked for on one."""
    at = now()
    return business_date(at, BOOK.business_day(at.astimezone(BANK_ZONE).date()).cut_off, CALENDAR)


def payee(amount: Any = 80_000_000, **fields: Any) -> Payee:
    plain: dict[str, Any] = {
        "key": "vendor",
        "name": "北京服务器供应有限公司",
        "uscc": VENDOR,
        "account": "6222000011112222",
        "bank": "中国银行北京分行",
        "amount": yuan(amount),
        "new": False,
        "related": False,
    }
    return Payee(**{**plain, **fields})


def content() -> ApplicationContent:
    return ApplicationContent(
        lender_id="nxb",
        lines=(
            CreditLineRequest(
                key="main",
                product="nxb_project_loan",
                kind=LineKind.TERM,
                amount=yuan(280_000_000),
                tenor_months=120,
                purpose="fixed_asset_investment",
                repayment=Repayment(method=RepaymentMethod.ANNUITY),
            ),
        ),
        parties=(
            Party(key="borrower", role=PartyRole.BORROWER, name="借款人", uscc=USCC),
            Party(key="vendor", role=PartyRole.SUPPLIER, name="北京服务器供应有限公司", uscc=VENDOR),
        ),
        assets=(AssetLine(key="hall", kind=AssetKind.CIVIL_WORKS, description="机房", existing=False),),
        payees=(payee(),),
    )


def terms(amount: Money) -> OfferTerms:
    return OfferTerms(
        case_number=NUMBER,
        lender_id="nxb",
        lender_name="宁夏银行",
        borrower_name="借款人",
        borrower_uscc=USCC,
        product="nxb_project_loan",
        amount=amount,
        tenor_months=120,
        purpose="fixed_asset_investment",
        repayment=Repayment(method=RepaymentMethod.ANNUITY),
        price=PricedTerms(all_in_rate=Decimal("0.04"), base_rate="5Y", margin_bps=50),
        comprehensive_cost=None,
        instalments=40,
        total_interest=yuan(1),
        conditions=(PRECEDENT, SUBSEQUENT),
        approval_conditions=(),
        offered_on=today(),
        valid_until=today() + timedelta(days=30),
    )


def _finding(case_id: UUID, kind: str, value: dict[str, Any], **more: Any) -> CaseFinding:
    plain: dict[str, Any] = {
        "case_id": case_id,
        "step": f"application-{case_id}:{kind}",
        "finding_id": new_id(),
        "kind": kind,
        "outcome": "pass",
        "headline": "",
        "sha256": "f" * 64,
        "service": "pricing",
        "as_of": today(),
        "value": value,
        "reasons": [],
    }
    return CaseFinding(**{**plain, **more})


def screening(case_id: UUID, step: str = "screening") -> CaseFinding:
    items = [{"code": code, "outcome": "pass", "detail": ""} for code in ("BLACKLIST", "DUPLICATE_SERIAL")]
    value = {"items": items, "exceptions": 0}
    return _finding(case_id, "screening", value, step=f"application-{case_id}:{step}", service="origination")


def _findings(case_id: UUID, paid_in: Money) -> list[CaseFinding]:
    rating = {
        "card_id": "card_jsb_v1",
        "card_score": "80.00000000",
        "card_class": "A",
        "factors": [],
        "scaled_score": "700.00000000",
        "pd": "0.01000000",
        "grade": "R4",
        "limit_multiplier": "1.00000000",
        "valid_until": str(today() + timedelta(days=300)),
    }
    limit = {
        "asked": yuan(280_000_000).model_dump(mode="json"),
        "limit": yuan(280_000_000).model_dump(mode="json"),
        "tenor_months": 120,
        "caps": [],
        "binding": "asked",
        "project_capital": {
            "required": yuan(70_000_000).model_dump(mode="json"),
            "eligible": yuan(70_000_000).model_dump(mode="json"),
            "short": yuan(0).model_dump(mode="json"),
            "paid_in": paid_in.model_dump(mode="json"),
            "drawable": (paid_in.times(Decimal(4))).model_dump(mode="json"),
        },
    }
    value = yuan(900_000_000).model_dump(mode="json")
    valuation = {
        "asset_key": "hall",
        "asset_kind": "civil_works",
        "units": 1,
        "approaches": [],
        "reconciled_value": value,
        "lending_value": value,
        "orderly_liquidation": None,
        "forced_liquidation": None,
        "eligible": True,
        "ltv": "0.60000000",
        "tenor_cap_months": 120,
        "valid_until": str(today() + timedelta(days=60)),
    }
    return [
        _finding(case_id, "rating", rating),
        _finding(case_id, "limit", limit),
        _finding(case_id, "valuation", valuation, asset_key="hall", cohort="whole", service="collateral"),
        screening(case_id),
    ]


async def contracted(session: AsyncSession, amount: Money, paid_in: Money) -> UUID:
    """A case up to its contract, with policy, customer and the lender's figures in the books."""
    case_id = new_id()
    customer = Customer(uscc=USCC, name="借款人", branch=BRANCH, file={}, created_by="zhang.wei")
    session.add(customer)
    session.add(PolicyBundle(sha256=BOOK.sha256, canonical=canonical(BOOK.canonical()), files=len(BOOK.files())))
    await session.flush()
    session.add(
        PolicyPublication(
            sha256=BOOK.sha256,
            maker="policy.one",
            comment="",
            in_force_from=date(2024, 7, 1),
            checker="policy.two",
            approved_at=now(),
        )
    )
    lender = {
        "lender_id": "nxb",
        "name": "宁夏银行",
        "licence": "city_bank",
        "region": "640000",
        "capital_method": "standardised",
        "net_capital": {"amount": "15000000000.00"},
        "tier1_capital": {"amount": "12000000000.00"},
        "tax_rate": "0.25",
    }
    for series, body in (("lender.nxb", lender), ("calendar.cn", CALENDAR.model_dump(mode="json"))):
        session.add(
            ReferenceData(
                series=series,
                vintage="2024",
                effective_from=date(2024, 1, 1),
                source="test",
                body=body,
                sha256="a" * 64,
                recorded_by="operator",
            )
        )
    application = Application(
        case_id=case_id,
        case_number=NUMBER,
        branch=BRANCH,
        lender_id="nxb",
        stage="pre_draw_security",
        product="nxb_project_loan",
        amount=Decimal(280_000_000),
        customer_id=customer.id,
        borrower_uscc=USCC,
        borrower_name="借款人",
        content=content().model_dump(mode="json"),
        content_version=1,
        content_sha256=sha256_of(content()),
        policy_sha256=BOOK.sha256,
        pinned_on=today(),
        created_by="zhang.wei",
        submitted_by="zhang.wei",
        submitted_at=now(),
    )
    version = ApplicationVersion(
        case_id=case_id,
        content_version=1,
        content=content().model_dump(mode="json"),
        sha256=sha256_of(content()),
        frozen_by="zhang.wei",
    )
    offer = Offer(
        id=new_id(),
        case_id=case_id,
        step="offer",
        terms=terms(amount).model_dump(mode="json"),
        terms_sha256=terms(amount).sha256(),
        amount=amount.amount,
        valid_until=today() + timedelta(days=30),
    )
    data = ContractData(
        number="HT2026-000042",
        offer_id=offer.id,
        terms=terms(amount),
        terms_sha256=offer.terms_sha256,
        parties=content().parties,
        decision="approved",
        decided_by=("zhao.lei",),
        authority_rule="AUTH-1",
        policy_sha256=BOOK.sha256,
        clauses=(),
        drawn_on=today(),
        conditions=(PRECEDENT, SUBSEQUENT),
    )
    contract = Contract(
        case_id=case_id,
        step="contract",
        number=data.number,
        offer_id=offer.id,
        data=data.model_dump(mode="json"),
        data_sha256=data.sha256(),
        clauses=[],
    )
    rows: list[OriginationTable] = [application, version, offer, contract, *_findings(case_id, paid_in)]
    await record(session, case_id, "test.contracted", MANAGER, rows=rows)
    return case_id


@dataclass
class Drawn:
    """A case with an open facility, and the process steps of its drawings."""

    case_id: UUID
    facility: FacilityRef
    people: People
    worker: OriginationClient
    engine: Client
    steps: int = 0
    used: list[str] = field(default_factory=list)

    async def ask(self, asked: Any = 80_000_000, **fields: Any) -> dict[str, Any]:
        """Ask for a drawing as the borrower's finance department."""
        finance = await self.people.borrower("finance@xiyun", "borrower_finance")
        answer = await self.request(finance, asked, **fields)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        workflow_id = utilisation_workflow_id(UUID(found["utilisation_id"]))
        # Its process is started after the answer, and takes nothing before that.
        await until(lambda: self._is_known(workflow_id))
        return found

    async def _is_known(self, workflow_id: str) -> bool:
        try:
            await self.engine.get_workflow_handle(workflow_id).describe()
        except RPCError:
            return False
        return True

    async def request(self, client: httpx.AsyncClient, asked: Any, query: str = "", **fields: Any) -> httpx.Response:
        body = {
            "amount": yuan(asked).model_dump(mode="json"),
            "value_date": str(today()),
            "payees": [payee(asked).model_dump(mode="json")],
            "purpose": "servers",
            **fields,
        }
        path = f"/v1/facilities/{self.facility.facility_id}/utilisations{query}"
        return await client.post(path, json=body, headers=key())

    def step(self, utilisation: dict[str, Any], name: str = "step", **more: Any) -> UtilisationStep:
        self.steps += 1
        utilisation_id = UUID(utilisation["utilisation_id"])
        return UtilisationStep(
            case_id=self.case_id,
            workflow_id=utilisation_workflow_id(utilisation_id),
            step=f"{name}-{self.steps}",
            as_of=today(),
            utilisation_id=utilisation_id,
            facility_id=self.facility.facility_id,
            **more,
        )

    def transfer_step(self, utilisation: dict[str, Any], transfer: TransferRef, name: str = "send") -> TransferStep:
        return TransferStep(**self.step(utilisation, name).model_dump(), transfer_id=transfer.transfer_id)

    async def meet(self, code: str, state: str = "satisfied", utilisation_id: UUID | None = None) -> None:
        self.steps += 1
        await self.worker.condition(
            ConditionReport(
                case_id=self.case_id,
                utilisation_id=utilisation_id,
                workflow_id="w",
                step=f"condition-{self.steps}",
                code=code,
                state=state,
                at=now(),
                decided_by="sun.li",
            )
        )

    async def prepared(self, utilisation: dict[str, Any]) -> list[TransferRef]:
        """The transfers of a drawing that has its commitment and passed the gate."""
        await self.worker.reserve(self.step(utilisation, "reserve"))
        result = await self.worker.gate(self.step(utilisation, "gate"))
        assert result.verdict.allowed, result
        return await self.worker.prepare_transfers(self.step(utilisation, "transfers"))

    async def shown(self, utilisation: dict[str, Any]) -> TransferRef:
        """The one transfer of such a drawing, shown to the owner."""
        [transfer] = await self.prepared(utilisation)
        handle = self.engine.get_workflow_handle(utilisation_workflow_id(UUID(utilisation["utilisation_id"])))
        await handle.execute_update("expect", [transfer])
        return transfer

    async def confirmed(self, utilisation: dict[str, Any]) -> TransferRef:
        """A transfer of a drawing that passed the gate, confirmed by the owner."""
        transfer = await self.shown(utilisation)
        owner = await self.people.borrower("owner@xiyun", "borrower_owner")
        body = {"decision": "confirm", "instruction_sha256": transfer.instruction_sha256}
        answer = await owner.post(f"/v1/transfers/{transfer.transfer_id}/confirm", json=body, headers=key())
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "confirmed_by_owner"
        return transfer


async def open_case(app: FastAPI, engine: Client, people: People, amount: Money, paid_in: Money | None = None) -> Drawn:
    database: Database = app.state.database
    async with database.session() as session:
        case_id = await contracted(session, amount, paid_in or yuan(20_000_000))
    worker = await people.worker()
    step = CaseStep(case_id=case_id, workflow_id=f"application-{case_id}", step="facility-1", as_of=today())
    facility = await worker.open_facility(step)
    return Drawn(case_id, facility, people, worker, engine)


@pytest_asyncio.fixture
async def drawn_case(app: FastAPI, engine: Client, people: People) -> AsyncIterator[Drawn]:
    drawn = await open_case(app, engine, people, yuan(280_000_000))
    await drawn.meet(PRECEDENT.code)
    yield drawn


def bundle() -> Bundle:
    return BOOK
