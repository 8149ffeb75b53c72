"""Who stands behind the companies of a case, by what all files of the house say: owners, telephones, addresses, accounts, and
guarantors and suppliers in common. Look-ups go by index and are bounded."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import and_, func
from sqlalchemy import select as core_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent, PartyRole
from domain.books import CustomerFile
from domain.dossier import Dossier
from domain.integrity import CommonBacker, Tie, TieKind
from policy.engine import Bundle
from policy.engine.integrity import OwnershipRules
from services.origination.calc.integrity.ownership import OwnershipGraph
from services.origination.calc.integrity.ties import Digest, owner_ties, personal_ties
from services.origination.store.case_rows import table_of
from services.origination.store.events import keys_of
from services.origination.store.traces import GONE, MOST_FOUND
from services.origination.tables.books import Customer
from services.origination.tables.cases import Application
from services.origination.tables.facilities import Facility
from services.origination.tables.traces import PartyTrace, TieTrace

_USCC_LENGTH = 18
_cases, _customers = table_of(Application), table_of(Customer)
_parties, _ties = table_of(PartyTrace), table_of(TieTrace)


async def payees_who_are_one(
    session: AsyncSession, dossier: Dossier, facility: Facility, involved: Iterable[str], pinned: Bundle
) -> dict[str, tuple[str, ...]]:
    """Of the payees of a drawing and of earlier ones, with whom each is one interest, by the pinned policy; nobody where there is
    none."""
    policy = pinned.integrity(facility.pinned_on)
    names = sorted(set(involved))
    if policy is None or len(names) < 2:
        return {}
    digest = keys_of(session).digest
    ties = await ties_about(session, dossier.case_id, dossier.content, names, policy.ownership, digest)
    graph = OwnershipGraph(ties, await too_common(session, ties, policy.ownership), policy.ownership)
    return {
        one: tuple(other for other in names if other != one and graph.relation(one, other) is not None) for one in names
    }


async def ties_about(
    session: AsyncSession,
    case_id: UUID,
    content: ApplicationContent,
    others: Iterable[str],
    rules: OwnershipRules,
    digest: Digest,
) -> tuple[Tie, ...]:
    """The ties of the companies of a case, and of others asked for, up the chain of their owners: as this file states them, as
    other files do, and as the lender's own customer files do."""
    found: dict[Tie, None] = dict.fromkeys(personal_ties(content, case_id, digest))
    asked: set[str] = set()
    frontier = {party.uscc for party in content.parties} | {item.buyer_uscc for item in content.contracts}
    frontier |= {payee.uscc for payee in content.payees} | set(others)
    connection = await session.connection()
    for _ in range(rules.hops):
        frontier -= asked
        if not frontier:
            break
        asked |= frontier
        stated = core_select(_ties.c.subject, _ties.c.kind, _ties.c.other, _ties.c.share).where(
            _ties.c.subject.in_(sorted(frontier))
        )
        # In order, so that the inputs of one state of the books have one hash.
        rows = (await connection.execute(stated.distinct().order_by("subject", "kind", "other", "share"))).all()
        upward = [Tie(subject=row.subject, kind=row.kind, other=row.other, share=row.share) for row in rows]
        for customer in await session.exec(
            select(Customer).where(col(Customer.uscc).in_(sorted(frontier))).order_by(col(Customer.uscc))
        ):
            owners = CustomerFile.model_validate(customer.file).owners or ()
            upward += owner_ties(customer.uscc, owners, case_id, digest)
            upward += [
                Tie(subject=customer.uscc, kind=TieKind.OWNER, other=owner.entity_uscc, share=owner.share)
                for owner in owners
                if owner.entity_uscc is not None and owner.entity_uscc != customer.uscc
            ]
        found |= dict.fromkeys(upward)
        frontier = {tie.other for tie in upward if tie.kind is TieKind.OWNER and len(tie.other) == _USCC_LENGTH}
    return tuple(found)


async def too_common(session: AsyncSession, ties: Sequence[Tie], rules: OwnershipRules) -> tuple[str, ...]:
    """Telephones and addresses, of those in the ties, that more parties have than the policy lets tie anybody."""
    asked = sorted({tie.other for tie in ties if tie.kind in (TieKind.PHONE, TieKind.ADDRESS)})
    if not asked:
        return ()
    counted = (
        core_select(_ties.c.other)
        .where(_ties.c.other.in_(asked))
        .group_by(_ties.c.other)
        .having(func.count(func.distinct(_ties.c.subject)) > rules.most_sharers)
        .order_by(_ties.c.other)
    )
    return tuple((await (await session.connection()).execute(counted)).scalars())


async def common_backers(session: AsyncSession, row: Application) -> tuple[CommonBacker, ...]:
    """Other customers behind whose living cases the same guarantor and the same supplier stand (row C3)."""
    mine_g, mine_s, their_g, their_s = (_parties.alias(name) for name in ("mine_g", "mine_s", "their_g", "their_s"))
    guarantor, supplier = PartyRole.GUARANTOR.value, PartyRole.SUPPLIER.value
    found = (
        core_select(
            their_g.c.borrower_uscc, mine_g.c.uscc.label("guarantor"), func.min(mine_s.c.uscc).label("supplier")
        )
        .select_from(mine_g)
        .join(their_g, and_(their_g.c.uscc == mine_g.c.uscc, their_g.c.role == guarantor))
        .join(their_s, and_(their_s.c.borrower_uscc == their_g.c.borrower_uscc, their_s.c.role == supplier))
        .join(
            mine_s,
            and_(mine_s.c.of_case == mine_g.c.of_case, mine_s.c.role == supplier, mine_s.c.uscc == their_s.c.uscc),
        )
        .join(_cases, _cases.c.case_id == their_g.c.of_case)
        .where(
            mine_g.c.of_case == row.case_id,
            mine_g.c.role == guarantor,
            their_g.c.borrower_uscc != (row.borrower_uscc or ""),
            _cases.c.stage.not_in(GONE),
        )
        .group_by(their_g.c.borrower_uscc, mine_g.c.uscc)
        .order_by(their_g.c.borrower_uscc, mine_g.c.uscc)
        .limit(MOST_FOUND)
    )
    connection = await session.connection()
    rows = (await connection.execute(found)).all()
    own_group = core_select(_customers.c.group_id).where(_customers.c.id == row.customer_id).scalar_subquery()
    # Whom the analyst has made one group with the borrower is suspected no more.
    grouped = core_select(_customers.c.uscc).where(
        _customers.c.uscc.in_([item.borrower_uscc for item in rows]), _customers.c.group_id == own_group
    )
    known = set((await connection.execute(grouped)).scalars())
    return tuple(
        CommonBacker(borrower_uscc=item.borrower_uscc, guarantor_uscc=item.guarantor, supplier_uscc=item.supplier)
        for item in rows
        if item.borrower_uscc not in known
    )
