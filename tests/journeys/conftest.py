"""Cases at the session's bank, each played as far as a journey needs it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from suandai.walkthrough.files import CASTS, case_files
from suandai.walkthrough.play import CasePlay
from tests.fixtures.stack import BankStack

NewCase = Callable[..., Awaitable[CasePlay]]
ORDER = "jsb-order"
"""The example that other journeys begin with: it pledges no servers, so the bank can take it in more than once."""


@dataclass
class SecuredCases:
    """The examples, each played once from customer to secured drawing."""

    bank_stack: BankStack
    _played: dict[str, CasePlay] = field(default_factory=dict)

    async def __call__(self, example: str) -> CasePlay:
        if example not in self._played:
            play = CasePlay(self.bank_stack.bank, case_files(example), CASTS[example])
            await play.draft(await play.enter_customer())
            await play.submit()
            assert await play.carry_to("effective") == "effective"
            await play.find_facility()
            await play.request_utilisation()
            assert await play.carry_utilisation_to("secured") == "secured", play.utilisation
            self._played[example] = play
        return self._played[example]


@pytest.fixture(scope="session")
def secured(bank_stack: BankStack) -> SecuredCases:
    """An example by its name, paid out and secured."""
    return SecuredCases(bank_stack)


@pytest_asyncio.fixture(loop_scope="session")
async def new_case(bank_stack: BankStack) -> NewCase:
    """An order loan that was submitted a moment ago, with changes to its content where a journey needs them."""

    async def submitted(**change: object) -> CasePlay:
        play = CasePlay(bank_stack.bank, case_files(ORDER), CASTS[ORDER])
        await play.draft(await play.enter_customer(), **change)
        await play.submit()
        return play

    return submitted
