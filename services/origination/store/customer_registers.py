"""Registers that hang on a customer and on no case: referrals to services, innovation projects won."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.customer_registers import InnovationProjectBody, InnovationProjectView, ReferralBody, ReferralView
from policy.engine import Bundle
from services.kit.paging import PageRequest, Slice, fetch_page
from services.kit.principal import Principal
from services.kit.problems import Fault, Problem
from services.origination.store.customers import visible_customer
from services.origination.tables.programmes import InnovationProject, ServiceReferral


async def refer(
    session: AsyncSession, who: Principal, customer_id: UUID, body: ReferralBody, bundle: Bundle, today: date
) -> ServiceReferral:
    """Enter a referral. Raises ``not_found`` and ``invalid_request`` with every fault."""
    await visible_customer(session, who, customer_id)
    faults = _day_faults(body.referred_on, "/referred_on", today)
    initiatives = {item.id: item for item in bundle.initiatives(today)}
    initiative = initiatives.get(body.programme)
    if initiative is None:
        faults.append(_unknown_programme())
    else:
        lists = bundle.tag_lists(today)
        services = {
            tag.id
            for name in initiative.tag_lists
            if name in lists and lists[name].family == "service"
            for tag in lists[name].tags
        }
        if body.service not in services:
            faults.append(
                Fault("/service", "unknown_service", "该方案没有此项服务", "the programme has no such service")
            )
    _raise(faults)
    row = ServiceReferral(
        customer_id=customer_id,
        programme=body.programme,
        service=body.service,
        referred_on=body.referred_on,
        entered_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


async def enter_project(
    session: AsyncSession, who: Principal, customer_id: UUID, body: InnovationProjectBody, bundle: Bundle, today: date
) -> InnovationProject:
    """Enter a project a customer has won. Raises ``not_found`` and ``invalid_request`` with every fault; a certificate that is
    entered already raises ``already_exists`` at the flush."""
    await visible_customer(session, who, customer_id)
    faults = _day_faults(body.won_on, "/won_on", today)
    initiatives = {item.id: item for item in bundle.initiatives(today)}
    if body.programme not in initiatives:
        faults.append(_unknown_programme())
    elif not initiatives[body.programme].awards_projects:
        zh, en = "该方案不设揭榜项目", "the programme awards no projects"
        faults.append(Fault("/programme", "no_projects", zh, en))
    _raise(faults)
    row = InnovationProject(
        customer_id=customer_id,
        programme=body.programme,
        project=body.project,
        won_on=body.won_on,
        certificate_id=body.certificate_id,
        entered_by=who.subject,
    )
    session.add(row)
    await session.flush()
    return row


def _day_faults(day: date, pointer: str, today: date) -> list[Fault]:
    late = Fault(pointer, "in_the_future", "不得晚于今日", "must not lie in the future")
    return [late] if day > today else []


def _unknown_programme() -> Fault:
    return Fault("/programme", "unknown_programme", "没有该行动方案", "no such programme is in force")


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise Problem("invalid_request", errors=faults, count=len(faults))


async def referrals(
    session: AsyncSession, who: Principal, customer_id: UUID, page: PageRequest
) -> Slice[ServiceReferral]:
    """A page of a customer's referrals, newest first. Raises ``not_found``."""
    await visible_customer(session, who, customer_id)
    statement = select(ServiceReferral).where(ServiceReferral.customer_id == customer_id)
    return await fetch_page(session, statement, ServiceReferral.id, page)


async def projects(
    session: AsyncSession, who: Principal, customer_id: UUID, page: PageRequest
) -> Slice[InnovationProject]:
    """A page of the projects a customer has won, newest first. Raises ``not_found``."""
    await visible_customer(session, who, customer_id)
    statement = select(InnovationProject).where(InnovationProject.customer_id == customer_id)
    return await fetch_page(session, statement, InnovationProject.id, page)


async def certificate_faults(session: AsyncSession, content: ApplicationContent) -> list[Fault]:
    """Certificates that an application counts on and the customer's register does not hold, or that it names twice."""
    named = content.technology.innovation_certificates or ()
    if not named:
        return []
    held: set[str | None] = set()
    if content.customer_id is not None:
        statement = select(InnovationProject.certificate_id).where(
            InnovationProject.customer_id == content.customer_id,
            col(InnovationProject.certificate_id).in_(named),
        )
        held = set(await session.exec(statement))
    at = "/technology/innovation_certificates"
    zh, en = "客户登记中没有该证书", "is not in the customer's register of projects won"
    unknown = [
        Fault(f"{at}/{index}", "unknown_certificate", zh, en) for index, item in enumerate(named) if item not in held
    ]
    twice = [
        Fault(f"{at}/{index}", "duplicate_certificate", "证书重复", "the certificate is named twice")
        for index, item in enumerate(named)
        if item in named[:index]
    ]
    return unknown + twice


def referral_view(row: ServiceReferral) -> ReferralView:
    return ReferralView(
        referral_id=row.id,
        customer_id=row.customer_id,
        programme=row.programme,
        service=row.service,
        referred_on=row.referred_on,
        entered_by=row.entered_by,
        created_at=row.created_at,
    )


def project_view(row: InnovationProject) -> InnovationProjectView:
    return InnovationProjectView(
        project_id=row.id,
        customer_id=row.customer_id,
        programme=row.programme,
        project=row.project,
        won_on=row.won_on,
        certificate_id=row.certificate_id,
        entered_by=row.entered_by,
        created_at=row.created_at,
    )
