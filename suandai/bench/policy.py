"""What policy costs: the whole book read and proved from YAML, and one case held against all of it. No bank runs."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from domain.application import ApplicationContent
from domain.limit import Exposures
from domain.money import yuan
from policy.engine import Bundle, FactValue, Regulation
from policy.engine.cells import Cell
from policy.engine.conditions import Test
from policy.engine.vocabulary import Scalar, read_fact
from services.origination.calc.case_facts import Screens
from services.origination.calc.eligibility import eligibility
from services.origination.calc.regulation import MOMENT, RegulationInputs, facts_of, regulation
from services.pricing.calc.limit import limit
from services.pricing.calc.rating import rate
from suandai.bench import pricing_case
from suandai.bench.figures import Figure, figure, median
from suandai.bench.pricing import Disagreement
from suandai.bench.pricing_case import ON, PricingDesk
from suandai.walkthrough.books import BOOK
from suandai.walkthrough.files import EXAMPLES

Told = Callable[[str], None]
Facts = Mapping[str, Scalar | None]

_EXAMPLE = "nxb-xiyun"
_LOAD = """
import sys, time
from pathlib import Path
begun = time.perf_counter()
{statement}
print(time.perf_counter() - begun)
"""
_OURS = "from policy.engine import load_book\nbegun = time.perf_counter()\nload_book(Path(sys.argv[1])).sha256"
_THEIRS = (
    "import yaml\nbegun = time.perf_counter()\n"
    "[yaml.safe_load(file.read_text('utf-8')) for file in sorted(Path(sys.argv[1]).rglob('*.yaml'))]"
)


@dataclass(frozen=True)
class PolicySizes:
    """How much is measured. The defaults take about ten seconds on one processor."""

    cases: int = 1_000
    loads: int = 5


QUICK = PolicySizes(cases=50, loads=1)


def policy_figures(sizes: PolicySizes, told: Told) -> list[Figure]:
    """Every figure of policy. Raises ``Disagreement`` where what is compared does not agree."""
    told(f"the book from YAML in a process of its own, {sizes.loads} times")
    load = _load(sizes.loads)
    told(f"one case: eligibility, all regulations and the limit, {sizes.cases} times")
    return [load, _evaluate(pricing_case.desk(), sizes.cases)]


def _load(rounds: int) -> Figure:
    ours = [_in_a_process(_OURS) for _ in range(rounds)]
    theirs = [_in_a_process(_THEIRS) for _ in range(rounds)]
    files = len(list(BOOK.rglob("*.yaml")))
    note = (
        f"{files} files read, typed, bound, proved and hashed in a new process, median of {rounds}, nothing kept on disk; "
        "aim < 1; beside: yaml.safe_load of the same files"
    )
    return figure("policy_load_s", median(ours), "s", beside=median(theirs), note=note)


def _in_a_process(statement: str) -> float:
    program = _LOAD.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", program, str(BOOK)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _evaluate(desk: PricingDesk, rounds: int) -> Figure:
    bundle = desk.bundle
    content = ApplicationContent.model_validate_json((EXAMPLES / _EXAMPLE / "application.json").read_text("utf-8"))
    asked = pricing_case.limit_request(bundle)
    inputs = _inputs(desk)
    rules = bundle.regulations(MOMENT, inputs.lender.licence, ON)
    plain = _PlainRules(rules)
    read = _read(facts_of(inputs, content, bundle, bundle), bundle)
    found = {item.code for item in regulation(inputs, content, bundle, bundle).items if item.detail == "breached"}
    if plain.breached(read) != found:
        raise Disagreement("plain comparisons find other breaches than the policy engine")
    steps: dict[str, Callable[[], object]] = {
        "eligibility": lambda: eligibility(content, bundle, ON),
        "regulations": lambda: regulation(inputs, content, bundle, bundle),
        "limit": lambda: limit(asked, bundle, desk.lender, desk.lpr),
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    beside = []
    for _ in range(rounds):
        for name, step in steps.items():
            seconds[name].append(_timed(step))
        beside.append(_timed(lambda: plain.breached(read)))
    whole = [sum(parts) for parts in zip(*seconds.values(), strict=True)]
    parts = ", ".join(f"{name} {median(spent) * 1000:.2f}" for name, spent in seconds.items())
    products = len([product for product in bundle.products(ON) if content.lender_id in product.lenders])
    note = (
        f"one case, one processor, median of {rounds}: {parts} ms; {products} product(s), {len(rules)} regulations, every "
        "reason and trace; aim < 2; beside: the same regulations as plain comparisons of values that were looked up "
        "before, nothing traced and nothing of products or limit"
    )
    return figure("policy_evaluate_ms", median(whole) * 1000, "ms", beside=median(beside) * 1000, note=note)


def _inputs(desk: PricingDesk) -> RegulationInputs:
    bundle, lender = desk.bundle, desk.lender.value
    rating = rate(pricing_case.rating_request(bundle), bundle).value
    capped = limit(pricing_case.limit_request(bundle), bundle, desk.lender, desk.lpr).value
    return RegulationInputs(
        content_sha256="0" * 64,
        policy_sha256=bundle.sha256,
        current_policy_sha256=bundle.sha256,
        pinned_on=ON,
        as_of=ON,
        lender=lender,
        exposures=Exposures(
            customer_loans=yuan(0),
            customer_exposure=yuan(0),
            group_exposure=yuan(0),
            net_capital=lender.net_capital,
            tier1_capital=lender.tier1_capital,
        ),
        screens=Screens(blacklisted=False, duplicate_serial=False, foreign_gpu=False),
        rating=rating,
        limit=capped,
        valuations=(),
    )


def _read(facts: Mapping[str, FactValue], bundle: Bundle) -> dict[str, Scalar | None]:
    """Every fact as a plain value; ``None`` where it is absent."""
    return {name: read_fact(name, definition, facts)[0] for name, definition in bundle.vocabulary(ON).items()}


class _PlainRules:
    """Regulations as somebody would write them by hand: comparisons of plain values, a rule with an absent fact left out."""

    def __init__(self, rules: tuple[Regulation, ...]) -> None:
        self._rules = [
            (
                rule.id,
                [_plain(test) for test in rule.scope_tests],
                [[_plain(test) for test in tests] for tests in rule.breaches],
            )
            for rule in rules
        ]

    def breached(self, facts: Facts) -> set[str]:
        return {
            name
            for name, scope, breaches in self._rules
            if all(holds(facts) for holds in scope)
            and any(all(holds(facts) for holds in breach) for breach in breaches)
        }


def _plain(test: Test) -> Callable[[Facts], bool]:
    name, cell = test.fact, test.cell
    if isinstance(cell, Cell):
        return lambda facts: (value := facts[name]) is not None and cell.covers(value)
    other = cell.other

    def holds(facts: Facts) -> bool:
        left, right = facts[name], facts[other]
        return left is not None and right is not None and cell.holds(left, right)

    return holds


def _timed(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun
