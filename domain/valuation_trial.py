"""Values of several assets at once, tried and not kept: what a draft's security might be worth before anybody submits it."""

from typing import Annotated

from pydantic import Field

from domain.collateral import Valuation, ValuationRequest
from domain.finding import Finding
from domain.model import Value

MOST_TRIED = 64
"""Assets, or cohorts of servers, of one trial."""


class ValuationTrial(Value):
    """``POST /v1/valuation-trials``: valuations as they would be asked for one by one."""

    requests: Annotated[tuple[ValuationRequest, ...], Field(min_length=1, max_length=MOST_TRIED)]


class TriedValuations(Value):
    """The findings in the order of the requests; none of them is stored."""

    findings: tuple[Finding[Valuation], ...]
