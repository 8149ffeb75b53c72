"""Who may do what with the books and the file: the role sets several routes share."""

from typing import Final

from domain.roles import BORROWER_ROLES, STAFF_ROLES, Role

STAFF: Final = tuple(sorted(str(role) for role in STAFF_ROLES))
BORROWER: Final = tuple(sorted(str(role) for role in BORROWER_ROLES))
READERS: Final = (*STAFF, *BORROWER)
"""Who may read a case within their sight: all staff (of the branch or head office) and the borrower's own users."""
FRONT_OFFICE: Final = (str(Role.RELATIONSHIP_MANAGER),)
EVIDENCE: Final = (
    str(Role.RELATIONSHIP_MANAGER),
    str(Role.CO_INVESTIGATOR),
    str(Role.COMPLIANCE_OFFICER),
    str(Role.COLLATERAL_OFFICER),
    str(Role.CONTRACT_OFFICER),
    str(Role.DISBURSEMENT_OFFICER),
    str(Role.MONITOR),
    *BORROWER,
)
"""Who may add documents to a file."""
BOOKKEEPERS: Final = (str(Role.RELATIONSHIP_MANAGER), str(Role.OPERATOR))
POLICY: Final = (str(Role.POLICY_ADMIN),)
WORKER: Final = (str(Role.SERVICE_WORKER),)
COMPONENTS: Final = (
    str(Role.SERVICE_WORKER),
    str(Role.SERVICE_ORIGINATION),
    str(Role.SERVICE_PRICING),
    str(Role.SERVICE_COLLATERAL),
)
