"""What the checks of a case are drawn from, read at one moment: content, books, lists and what has been concluded."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.books import CustomerFile
from domain.dossier import Dossier
from domain.finding import ReferenceDataRef
from domain.reference import KnownNames
from services.kit.problems import Problem
from services.origination.calc.case_facts import foreign_accelerators
from services.origination.calc.completeness import FiledDocument
from services.origination.calc.contracting import DutyDone
from services.origination.calc.exceptions import exceptions_of
from services.origination.calc.support_checks import RegisteredClaim
from services.origination.calc.terms import OfferTerms
from services.origination.store import casework, product_standing, reference, support_claims
from services.origination.store.tasks import duties_done
from services.origination.tables.cases import Application, CaseFinding, Decision, Offer


@dataclass(frozen=True)
class CaseAtStep:
    """A case as a check finds it."""

    row: Application
    content_sha256: str
    dossier: Dossier
    customer_uscc: str
    customer: CustomerFile
    filed: tuple[FiledDocument, ...]
    found: list[CaseFinding]
    blacklisted: bool | None
    foreign_gpu: bool | None
    replaced_purpose: str | None
    references: tuple[ReferenceDataRef, ...]
    known_names: KnownNames | None
    """Entities whose names others borrow; ``None`` where the lender keeps no such list."""
    known_names_ref: ReferenceDataRef | None
    registered_claims: tuple[RegisteredClaim, ...] = ()

    @property
    def content(self) -> ApplicationContent:
        return self.dossier.content

    def exceptions(self) -> int:
        """From how many rules the case departs, each counted once however many checks found it, and a price below floor."""
        checks = [item.value for item in self.found if item.service == "origination"]
        return len(exceptions_of(checks, self.dossier.quote))


@dataclass(frozen=True)
class AgreedSoFar:
    """What the process of a case has come to before its agreement: duties done, decision, and the offer's terms."""

    duties: tuple[DutyDone, ...]
    decided_by: tuple[str, ...]
    authority_rule: str
    terms: OfferTerms


async def agreed_so_far(session: AsyncSession, case_id: UUID) -> AgreedSoFar:
    """Raises ``step_not_possible`` before there is an offer and a decision."""
    offer = await casework.newest(session, Offer, case_id)
    decision = await casework.newest(session, Decision, case_id)
    if offer is None or decision is None:
        raise Problem("step_not_possible", needs="offer, decision")
    return AgreedSoFar(
        duties=await duties_done(session, case_id),
        decided_by=tuple(str(subject) for subject in decision.decided_by),
        authority_rule=decision.authority_rule,
        terms=OfferTerms.model_validate(offer.terms),
    )


async def case_at(session: AsyncSession, case_id: UUID, as_of: date) -> CaseAtStep:
    """The case on a business date. Raises ``not_found``, ``step_not_possible``, ``no_reference_data``."""
    case = await casework.case_file(session, case_id, as_of)
    _, lender_ref = case.references.lender(case.row.lender_id)
    listed, list_ref = case.references.listed(reference.BLACKLIST, case.content)
    domestic = case.references.named_list(reference.DOMESTIC_ACCELERATORS)
    names = case.references.known_names()
    looked_up = (list_ref, domestic[1] if domestic is not None else None)
    return CaseAtStep(
        row=case.row,
        content_sha256=case.content_sha256,
        dossier=await casework.dossier_of(session, case),
        customer_uscc=case.customer.uscc,
        customer=CustomerFile.model_validate(case.customer.file),
        filed=await casework.filed(session, case_id),
        found=case.found,
        blacklisted=listed,
        foreign_gpu=foreign_accelerators(case.content, domestic[0] if domestic is not None else None),
        replaced_purpose=await product_standing.replaced_purpose(session, case.row, case.content),
        registered_claims=await support_claims.of_contracts(session, case.customer.uscc, case.content),
        references=(lender_ref, *(ref for ref in looked_up if ref is not None)),
        known_names=names[0] if names is not None else None,
        known_names_ref=names[1] if names is not None else None,
    )
