"""Who can sign in to a stack on one machine: people of a bank with branches, and of the borrowers.

All names and codes are illustrative. What a person may decide does not follow from the account but from the dated
register of authorities in origination.
"""

from dataclasses import dataclass

from domain.roles import HEAD_OFFICE, Role


@dataclass(frozen=True, slots=True)
class Account:
    """A person at an issuer: staff belong to a branch, borrowers' people to the company with this USCC."""

    username: str
    roles: tuple[Role, ...]
    branch: str = ""
    uscc: str = ""

    def attributes(self) -> dict[str, str]:
        """What the token's ``attributes`` claim carries."""
        return {name: value for name, value in (("branch", self.branch), ("uscc", self.uscc)) if value}


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A component of ours: its client id, the role its tokens carry as scope, and the audiences it may ask for."""

    component: str
    audiences: tuple[str, ...]

    @property
    def client_id(self) -> str:
        return f"suandai-{self.component}"

    @property
    def scope(self) -> str:
        return f"service:{self.component}"


def audience(service: str) -> str:
    """The audience of a service's tokens: a URN, since a resource indicator (RFC 8707) must be an absolute URI."""
    return f"urn:suandai:{service}"


SERVICE_ACCOUNTS = (
    ServiceAccount("worker", ("origination", "pricing", "collateral", "core-banking")),
    ServiceAccount("origination", ("origination", "pricing", "collateral", "core-banking")),
    ServiceAccount("pricing", ("origination",)),
    ServiceAccount("collateral", ("origination",)),
)

# 银川, 南京, 西宁, 佛山, 上海: the branches that the example cases are entered at.
BRANCHES = {"YC": "yinchuan", "NJ": "nanjing", "XN": "xining", "FS": "foshan", "SH": "shanghai"}

_AT_A_BRANCH = {
    "rm": Role.RELATIONSHIP_MANAGER,
    "rm2": Role.RELATIONSHIP_MANAGER,
    "investigator": Role.CO_INVESTIGATOR,
    "collateral": Role.COLLATERAL_OFFICER,
    "collateral2": Role.COLLATERAL_OFFICER,
    "contract": Role.CONTRACT_OFFICER,
    "signer": Role.CONTRACT_OFFICER,
    "disbursement": Role.DISBURSEMENT_OFFICER,
    "approver": Role.APPROVER,
    "monitor": Role.MONITOR,
    "monitor2": Role.MONITOR,
    "workout": Role.WORKOUT_OFFICER,
}
_AT_HEAD_OFFICE = {
    "rating": Role.RATING_CONFIRMER,
    "rating2": Role.RATING_CONFIRMER,
    "reviewer": Role.REVIEWER,
    "compliance": Role.COMPLIANCE_OFFICER,
    "pricing": Role.PRICING_APPROVER,
    "approver": Role.APPROVER,
    "approver2": Role.APPROVER,
    "secretary": Role.COMMITTEE_SECRETARY,
    "chair": Role.COMMITTEE_CHAIR,
    "member1": Role.COMMITTEE_MEMBER,
    "member2": Role.COMMITTEE_MEMBER,
    "member3": Role.COMMITTEE_MEMBER,
    "member4": Role.COMMITTEE_MEMBER,
    "member5": Role.COMMITTEE_MEMBER,
    "auditor": Role.AUDITOR,
    "policy": Role.POLICY_ADMIN,
    "policy2": Role.POLICY_ADMIN,
    "operator": Role.OPERATOR,
}

STAFF = tuple(
    Account(f"{duty}.{town}", (role,), branch=branch)
    for branch, town in BRANCHES.items()
    for duty, role in _AT_A_BRANCH.items()
) + tuple(Account(f"{duty}.ho", (role,), branch=HEAD_OFFICE) for duty, role in _AT_HEAD_OFFICE.items())

# The companies of examples/: illustrative codes with right check digits.
BORROWER_USCC = {
    "xiyun": "91640500MA76XY1205",
    "jiangsu": "91320100MA21JDDDXH",
    "qinghai": "91630100MA75QHLU1X",
    "shunde": "91440606MA5CHJP6XX",
    "pudong": "91310115MA1DRKK0X4",
}

BORROWERS = tuple(
    Account(f"{duty}.{company}", (role,), uscc=uscc)
    for company, uscc in BORROWER_USCC.items()
    for duty, role in (("owner", Role.BORROWER_OWNER), ("finance", Role.BORROWER_FINANCE))
)
