"""Cases at the session's bank that a journey begins with."""

from collections.abc import Awaitable, Callable

import pytest_asyncio

from suandai.walkthrough.files import CASTS, another_case
from suandai.walkthrough.play import CasePlay
from tests.fixtures.cases import SecuredCases
from tests.fixtures.stack import BankStack

NewCase = Callable[..., Awaitable[CasePlay]]
ORDER = "jsb-order"
"""The example that other journeys begin with: it pledges no servers, so the bank can take it in more than once."""


@pytest_asyncio.fixture(loop_scope="session")
async def new_case(bank_stack: BankStack, secured: SecuredCases) -> NewCase:
    """An order loan that was submitted a moment ago, with changes to its content where a journey needs them."""
    # The example first: what another loan adds to the customer's exposure would send it to a higher body.
    await secured(ORDER)

    async def submitted(**change: object) -> CasePlay:
        play = CasePlay(bank_stack.bank, another_case(ORDER), CASTS[ORDER])
        await play.draft(await play.enter_customer(), **change)
        await play.submit()
        return play

    return submitted
