"""What the checks of a case are drawn from, read at one moment: content, books, lists and what has been concluded."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.application import ApplicationContent
from domain.books import CustomerFile
from domain.dossier import Dossier
from domain.finding import ReferenceDataRef
from services.origination.calc.case_facts import foreign_accelerators
from services.origination.calc.completeness import FiledDocument
from services.origination.calc.exceptions import exceptions_of
from services.origination.store import applications, casework, drafting, reference
from services.origination.tables.cases import Application, CaseFinding


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
    references: tuple[ReferenceDataRef, ...]

    @property
    def content(self) -> ApplicationContent:
        return self.dossier.content

    def exceptions(self) -> int:
        """From how many rules the case departs, each counted once however many checks found it, and a price below floor."""
        checks = [item.value for item in self.found if item.service == "origination"]
        return len(exceptions_of(checks, self.dossier.quote))


async def case_at(session: AsyncSession, case_id: UUID, as_of: date) -> CaseAtStep:
    """The case on a business date. Raises ``not_found``, ``step_not_possible``, ``no_reference_data``."""
    row = await applications.case(session, case_id)
    version = await drafting.frozen(session, row)
    dossier = await casework.read_dossier(session, case_id, as_of)
    customer = await casework.customer_of(session, row)
    _, lender_ref = await reference.lender(session, row.lender_id, as_of)
    listed, list_ref = await reference.listed(session, reference.BLACKLIST, dossier.content, as_of)
    domestic = await reference.named_list(session, reference.DOMESTIC_ACCELERATORS, as_of)
    looked_up = (list_ref, domestic[1] if domestic is not None else None)
    return CaseAtStep(
        row=row,
        content_sha256=version.sha256,
        dossier=dossier,
        customer_uscc=customer.uscc,
        customer=CustomerFile.model_validate(customer.file),
        filed=await casework.filed(session, case_id),
        found=await casework.latest_findings(session, case_id),
        blacklisted=listed,
        foreign_gpu=foreign_accelerators(dossier.content, domestic[0] if domestic is not None else None),
        references=(lender_ref, *(ref for ref in looked_up if ref is not None)),
    )
