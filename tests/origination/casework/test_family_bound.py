"""Rows A8 and A9: 20 million are the most of one borrower under both loans, whatever is approved at the same time."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from domain.process import DecisionRecord
from services.kit.database import now
from services.origination.store import limits
from services.origination.store.limits import Room, Step
from tests.origination.bench import WORKER, new_case
from tests.origination.casework.test_examples import drafted
from tests.origination.house import House, read
from tests.origination.sample import TODAY


async def test_an_approval_is_refused_what_another_one_has_left_nothing_of(house: House) -> None:
    case = await drafted(house, "sdrcb-operate")
    await read(await case.submit(), 202)
    customer_id = UUID(case.customer_id)
    asked = {"product": "sdrcb_upgrade", "amount": Decimal(16_000_000), "tenor_months": 12, "lender_id": "sdrcb"}
    async with house.database.session() as session:
        other = await new_case(session, "SD2026-640100-000901", customer_id=customer_id, **asked)
    async with house.database.session() as session:
        step = Step(other, f"application-{other}", "decision-1", TODAY)
        room = Room(lender_id="sdrcb", customer_id=customer_id, exposure_kind="loan", amount=Decimal(16_000_000))
        assert await limits.reserve(session, WORKER, step, room) == ()
    worker = await house.worker()

    async def decide(name: str) -> list[tuple[str, str]]:
        record = DecisionRecord(
            case_id=UUID(case.case_id),
            workflow_id=str(uuid4()),
            step=name,
            decision="approved",
            decided_by=("approver.ho",),
            authority_rule="AUTH",
            at=now(),
            valid_until=TODAY + timedelta(days=180),
        )
        return [(reason.code, reason.subject) for reason in (await worker.decide(record)).short]

    assert await decide("decision") == [("CAP_FAMILY", "sdrcb_compute")]
    async with house.database.session() as session:
        await limits.release(session, WORKER, step)
    assert await decide("decision-2") == []
