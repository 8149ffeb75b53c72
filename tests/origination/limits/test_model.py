"""The ledger against a simple model: in whatever order people and processes act, both say the same after every act."""

import random
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import pytest

from services.kit.database import Database
from services.kit.problems import Problem
from tests.origination.limits.tree import Taken, Tree, contradictions

CEILING = 100
SHARE = 30


@dataclass
class Model:
    """A group's line of 100, 30 of it allocated to one member; the others draw on the rest."""

    reserved: dict[UUID, int] = field(default_factory=dict)
    committed: dict[UUID, int] = field(default_factory=dict)
    favoured: set[UUID] = field(default_factory=set)
    """Cases of the member with a part of its own."""

    def held(self, case: UUID) -> int:
        return self.reserved.get(case, 0) + self.committed.get(case, 0)

    def left(self, case: UUID) -> int:
        """Room for a case, with what it will give back itself."""
        mine = case in self.favoured
        cases = {*self.reserved, *self.committed} - {case}
        taken = sum(self.held(other) for other in cases if (other in self.favoured) is mine)
        return (SHARE if mine else CEILING - SHARE) - taken

    def sums(self, mine: bool) -> tuple[int, int]:
        return (
            sum(amount for case, amount in self.reserved.items() if (case in self.favoured) is mine),
            sum(amount for case, amount in self.committed.items() if (case in self.favoured) is mine),
        )


@pytest.mark.parametrize("seed", range(4))
async def test_the_books_say_what_the_model_says(database: Database, seed: int) -> None:
    tree, model, chance = Tree(database), Model(), random.Random(seed)
    group = await tree.group()
    top = await tree.line(CEILING, group_id=group)
    favoured, *others = [await tree.customer(group) for _ in range(3)]
    share = await tree.line(SHARE, customer_id=favoured, parent_id=top)
    owners = {case: chance.choice([favoured, *others]) for case in await tree.cases(8)}
    model.favoured = {case for case, owner in owners.items() if owner == favoured}
    for turn in range(60):
        case = chance.choice(list(owners))
        match chance.choice(["reserve", "reserve", "commit", "end", "over"]):
            case "reserve":
                amount = chance.randint(1, 40)
                expected = amount <= model.left(case)
                answer = await tree.reserve(case, owners[case], amount, name=f"decision-{turn}")
                assert (answer == ()) is expected, (turn, answer)
                if expected:
                    model.committed.pop(case, None)
                    model.reserved[case] = amount
            case "commit" if case in model.reserved:
                amount = chance.randint(1, model.reserved[case])
                await tree.commit(case, amount, name=f"facility-{turn}")
                del model.reserved[case]
                model.committed[case] = amount
            case "commit" if case not in model.committed:
                with pytest.raises(Problem):
                    await tree.commit(case, 1, name=f"facility-{turn}")
            case "end":
                assert await tree.release(case, name=f"end-{turn}") == model.reserved.pop(case, 0)
            case "over":
                given_back = model.held(case)
                assert await tree.release(case, name=f"over-{turn}", committed=True) == given_back
                model.reserved.pop(case, None)
                model.committed.pop(case, None)
        for line, allocated, mine in ((top, SHARE, False), (share, 0, True)):
            reserved, committed = model.sums(mine)
            assert await tree.taken(line) == Taken(Decimal(allocated), Decimal(reserved), Decimal(committed)), turn
    assert await contradictions(database) == []
