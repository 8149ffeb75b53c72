"""The fraud and consistency checks of a case as a reviewer reads them."""

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.finding import Outcome, Reason
from domain.integrity import KIND, IntegrityConclusion, IntegrityItem, IntegrityView
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy
from services.origination.store.casework import latest_findings
from services.origination.tables.cases import Application, CaseFinding


async def integrity_view(session: AsyncSession, row: Application, bundle: Bundle | None) -> IntegrityView:
    """The newest conclusion of each check, in the order of the policy the case is pinned to."""
    found = [item for item in await latest_findings(session, row.case_id) if item.kind.startswith(f"{KIND}.")]
    policy = bundle.integrity(row.pinned_on) if bundle is not None and row.pinned_on is not None else None
    items = [_item(item, policy) for item in found] if policy is not None else []
    order = {check.id: place for place, check in enumerate(policy.checks)} if policy is not None else {}
    items.sort(key=lambda item: order[item.check])
    return IntegrityView(
        application_id=row.case_id,
        case_number=row.case_number,
        items=tuple(items),
        not_run=tuple(item.check for item in items if item.outcome is Outcome.NOT_RUN),
    )


def _item(row: CaseFinding, policy: IntegrityPolicy) -> IntegrityItem:
    value = IntegrityConclusion.model_validate(row.value)
    # A case keeps its policy, so what was concluded by it is still in it.
    rule = policy.check(value.check)
    assert rule is not None
    return IntegrityItem(
        check=value.check,
        title_zh=rule.title_zh,
        title_en=rule.title_en,
        outcome=Outcome(row.outcome),
        moment=value.moment,
        severity=rule.severity,
        examined=value.examined,
        evidence=value.evidence,
        reasons=tuple(Reason.model_validate(reason) for reason in row.reasons),
        finding_id=row.finding_id,
        sha256=row.sha256,
        as_of=row.as_of,
        recorded_at=row.recorded_at,
    )
