"""Scorecards: factors of weighted characteristics, each binned; classes by points; knock-outs that force a class."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from domain.finding import Reason, TraceStep
from domain.model import Value
from domain.money import RATE_SCALE, Rate, Rounding, rounded
from domain.rating import CardClass
from policy.engine.binding import Bindable
from policy.engine.cells import Cell, samples
from policy.engine.completeness import Column, gaps, overlaps
from policy.engine.conditions import Referral, Test, Truth, all_of, any_of, inputs_of, parse_tests
from policy.engine.file import PolicyFile, PolicyId, Title
from policy.engine.rules import Condition, Rule, Severity, check_rules, repeated_ids
from policy.engine.source import Pointer
from policy.engine.vocabulary import ORDERED, FactDefinition, FactType, FactValue, read_fact, undeclared

_EXACT = Context(prec=60)


class Bin(Value):
    """A range of the fact and the share of the characteristic's points it earns."""

    when: str
    share: Annotated[Rate, Field(ge=0, le=1)]


class Characteristic(Bindable):
    """One measured thing. Its bins cover every value once.

    ``does_not_apply_to`` names the borrowers it says nothing of (compute efficiency of a chip designer): for them its
    points leave the total and the other weights renormalise, whatever is stated. ``not_applicable`` says what becomes
    of a fact that its own source declares not applicable: ``renormalise`` takes the points out as well, ``refer`` asks
    a person.
    """

    id: PolicyId
    title_zh: Title
    title_en: Title
    fact: str
    points: Annotated[Rate, Field(gt=0)]
    better: Literal["higher", "lower"] | None = None
    """Which way the figure gets better; bins that pay more for a worse figure are then a fault of the file."""
    does_not_apply_to: Annotated[tuple[Condition, ...], Field(max_length=12)] = ()
    not_applicable: Literal["renormalise", "refer"] = "refer"
    bins: Annotated[tuple[Bin, ...], Field(min_length=1, max_length=100)]

    _tests: tuple[Test, ...] | None = PrivateAttr(default=None)
    _exempt: tuple[tuple[Test, ...], ...] = PrivateAttr(default=())

    @property
    def tests(self) -> tuple[Test, ...]:
        bound = self._tests
        if bound is None:
            raise ValueError("the scorecard was not bound to a vocabulary: take it from a bundle")
        return bound

    @property
    def exempt(self) -> tuple[tuple[Test, ...], ...]:
        """The alternatives of ``does_not_apply_to`` as parsed."""
        return self._exempt

    def bind(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        exempt: list[tuple[Test, ...]] = []
        for index, condition in enumerate(self.does_not_apply_to):
            parsed, faults = parse_tests(condition, vocabulary, against_facts=False)
            wrong.extend((("does_not_apply_to", index, name), reason) for name, reason in faults)
            if self.fact in condition:
                wrong.append((("does_not_apply_to", index), "a figure cannot say that it does not apply itself"))
            exempt.append(parsed)
        self._exempt = tuple(exempt)
        if self.fact not in vocabulary:
            return [*wrong, (("fact",), undeclared(self.fact))]
        tests: list[Test] = []
        for index, item in enumerate(self.bins):
            parsed, faults = parse_tests({self.fact: item.when}, vocabulary, against_facts=False)
            wrong.extend((("bins", index, "when"), reason) for _, reason in faults)
            tests.extend(parsed)
        self._tests = tuple(tests)
        return wrong

    def incompleteness(self, vocabulary: Mapping[str, FactDefinition]) -> list[tuple[Pointer, str]]:
        cells = tuple(test.cell for test in self.tests if isinstance(test.cell, Cell))
        if any(cell.anything or cell.not_applicable for cell in cells):
            return [(("bins",), "a bin names values; '*' and 'n/a' are said by 'not_applicable'")]
        definition = vocabulary[self.fact]
        column = [Column(self.fact, definition, cells)]
        wrong: list[tuple[Pointer, str]] = [(("bins",), f"no bin covers {gap}") for gap in gaps(column, len(cells))]
        wrong.extend(
            (("bins", second), f"the bins {cells[first].text!r} and {cells[second].text!r} both cover {where}")
            for first, second, where in overlaps(column, len(cells))
        )
        return wrong or self._against_direction(cells, definition)

    def _against_direction(self, cells: tuple[Cell, ...], definition: FactDefinition) -> list[tuple[Pointer, str]]:
        """Neighbouring values of which the worse earns more."""
        if self.better is None:
            return []
        if definition.type not in ORDERED and definition.type is not FactType.BOOLEAN:
            return [(("better",), f"a {definition.type.value} has no order: its bins alone say what is better")]
        climbing = [
            next(index for index, cell in enumerate(cells) if cell.covers(sample.value))
            for sample in samples(cells, definition)
            if sample.value is not None
        ]
        steps = pairwise(climbing if self.better == "higher" else reversed(climbing))
        return [
            (
                ("bins", better),
                f"{cells[better].text!r} is better than {cells[worse].text!r} and earns a smaller share of the points",
            )
            for worse, better in steps
            if self.bins[better].share < self.bins[worse].share
        ]


class Factor(Value):
    id: PolicyId
    title_zh: Title
    title_en: Title
    weight: Annotated[Rate, Field(gt=0)]
    characteristics: Annotated[tuple[Characteristic, ...], Field(min_length=1)]


class ScoreClass(Value):
    """A class from ``at_least`` points upward: its way through the house and its multiplier on capacity."""

    id: CardClass
    at_least: Annotated[Rate, Field(ge=0)]
    access: Literal["standard", "mitigation_needed", "secured_only"]
    multiplier: Annotated[Rate, Field(ge=0, le=1)]
    """What repayment capacity counts at; with ``limit_factor: points`` the most it counts at."""
    unsecured_share: Annotated[Rate, Field(ge=0, le=1)]
    """Share of the amount asked for that may stand without collateral or guarantee."""


class Scorecard(PolicyFile):
    """A card of ``total`` points. Classes are listed from the best downward; the last begins at zero."""

    kind: Literal["scorecard"]
    total: Annotated[Rate, Field(gt=0)]
    rating_scale: PolicyId
    limit_factor: Literal["class", "points"] = "class"
    """Whether capacity counts at the multiplier of the class, or at the points' share of the total."""
    factors: Annotated[tuple[Factor, ...], Field(min_length=1)]
    classes: Annotated[tuple[ScoreClass, ...], Field(min_length=1)]
    knock_outs: tuple[Rule, ...] = ()
    """Each breach forces the last class, whatever the points."""

    def references(self) -> list[tuple[Pointer, str, str]]:
        return [(("rating_scale",), "rating_scale", self.rating_scale)]

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong = repeated_ids(self.knock_outs, "knock_outs")
        for index, factor in enumerate(self.factors):
            points = sum((item.points for item in factor.characteristics), Decimal(0))
            if points != factor.weight:
                wrong.append(
                    (("factors", index), f"the characteristics add up to {points}, the weight is {factor.weight}")
                )
        if (weights := sum((factor.weight for factor in self.factors), Decimal(0))) != self.total:
            wrong.append((("factors",), f"the weights add up to {weights}, the card has {self.total} points"))
        floors = [item.at_least for item in self.classes]
        if floors != sorted(set(floors), reverse=True) or floors[-1] != 0:
            wrong.append((("classes",), "classes go down from the best, and the last begins at 0"))
        if len({item.id for item in self.classes}) != len(self.classes):
            wrong.append((("classes",), "a class is listed twice"))
        for field in ("multiplier", "unsecured_share"):
            carried = [getattr(item, field) for item in self.classes]
            if carried != sorted(carried, reverse=True):
                wrong.append((("classes",), f"a worse class has no larger {field}"))
        wrong.extend(
            (
                ("knock_outs", index, "severity"),
                "a knock-out is a BLOCK: it forces the last class whatever it says here",
            )
            for index, rule in enumerate(self.knock_outs)
            if rule.severity is not Severity.BLOCK
        )
        return wrong

    def asked(self) -> frozenset[str]:
        """Every fact the card may read: what it measures, what exempts from it, what knocks out."""
        measured = [item for factor in self.factors for item in factor.characteristics]
        exempting = (name for item in measured for condition in item.does_not_apply_to for name in condition)
        knocking = (name for rule in self.knock_outs for name in rule.asked())
        return frozenset((*(item.fact for item in measured), *exempting, *knocking))

    def class_of(self, points: Decimal) -> ScoreClass:
        """The class that points earn, before knock-outs."""
        return next(item for item in self.classes if points >= item.at_least)

    def multiplier_of(self, reached: ScoreClass, points: Decimal) -> Decimal:
        """What repayment capacity counts at (fraction, scale 8, never rounded up) for a class and its points."""
        if self.limit_factor == "class":
            return reached.multiplier
        return min(rounded(_EXACT.divide(points, self.total), RATE_SCALE, Rounding.DOWN), reached.multiplier)


@dataclass(frozen=True)
class FactorScore:
    """What a factor earned: ``points`` of ``weight``, after characteristics that do not apply were taken out."""

    id: str
    points: Decimal
    weight: Decimal


@dataclass(frozen=True)
class ScoreDecision:
    """A scored card.

    ``points`` (scale 8, on the card's total), ``card_class`` and ``multiplier`` (what capacity counts at) are ``None``
    while facts are referred; ``lowest_points`` and ``lowest_class`` are what is certain whatever those facts turn out to
    be. A knock-out that is met forces the last class at once; one that cannot be decided refers its facts.
    """

    points: Decimal | None
    card_class: ScoreClass | None
    multiplier: Decimal | None
    lowest_points: Decimal
    lowest_class: ScoreClass
    factors: tuple[FactorScore, ...]
    knock_outs: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]
    referred: tuple[Referral, ...]


def score(card: Scorecard, facts: Mapping[str, FactValue]) -> ScoreDecision:
    """Score a card. Exact: shares are multiplied and renormalised at 60 digits and rounded once, at the end."""
    earned_total, weight_total = Decimal(0), Decimal(0)
    factors: list[FactorScore] = []
    trace: list[TraceStep] = []
    referred: list[Referral] = []
    for factor in card.factors:
        earned, weight = Decimal(0), Decimal(0)
        for item in factor.characteristics:
            points, counts, step, absent = _characteristic(card.id, factor.id, item, facts)
            earned += points
            weight += item.points if counts else Decimal(0)
            trace.append(step)
            referred.extend(absent)
        factors.append(FactorScore(factor.id, earned, weight))
        earned_total += earned
        weight_total += weight
    out = check_rules(card.knock_outs, facts, f"{card.id}/knock_outs")
    trace.extend(out.trace)
    referred.extend(out.referred)
    knock_outs = tuple(breach.reason for breach in out.breaches)
    lowest = Decimal(0)
    if weight_total > 0:
        lowest = rounded(_EXACT.divide(_EXACT.multiply(earned_total, card.total), weight_total), RATE_SCALE)
    lowest_class = card.classes[-1] if knock_outs or out.referred else card.class_of(lowest)
    certain = not referred and weight_total > 0
    card_class = card.classes[-1] if knock_outs else lowest_class if certain else None
    trace.append(
        TraceStep(
            step=f"{card.id}/total",
            rule=f"earned × {format(card.total, 'f')} ÷ applicable",
            inputs={"earned": format(earned_total, "f"), "applicable": format(weight_total, "f")},
            result=f"{format(lowest, 'f')} {card_class.id if card_class else 'undecided'}",
        )
    )
    multiplier = card.multiplier_of(card_class, lowest) if certain and card_class is not None else None
    if multiplier is not None and card.limit_factor == "points":
        trace.append(
            TraceStep(
                step=f"{card.id}/limit_factor",
                rule="points ÷ total, at most the multiplier of the class",
                inputs={"points": format(lowest, "f"), "total": format(card.total, "f")},
                result=format(multiplier, "f"),
            )
        )
    return ScoreDecision(
        points=lowest if certain else None,
        card_class=card_class,
        multiplier=multiplier,
        lowest_points=lowest,
        lowest_class=lowest_class,
        factors=tuple(factors),
        knock_outs=knock_outs,
        trace=tuple(trace),
        referred=tuple(dict.fromkeys(referred)),
    )


def _characteristic(
    card: str, factor: str, item: Characteristic, facts: Mapping[str, FactValue]
) -> tuple[Decimal, bool, TraceStep, tuple[Referral, ...]]:
    step = f"{card}/{factor}/{item.id}"
    bins, exemptions = item.tests, item.exempt
    inputs = inputs_of(bins[:1], facts)
    exempt = any_of([all_of([test.verdict(facts) for test in tests]) for tests in exemptions])
    if exempt.truth is not Truth.NOT_MET:
        asked = inputs_of(tuple(test for tests in exemptions for test in tests), facts)
        to_whom = " or ".join("; ".join(str(test) for test in tests) for tests in exemptions)
        if exempt.truth is Truth.MET:
            rule = f"does not apply to {to_whom}: weights renormalise"
            return Decimal(0), False, TraceStep(step=step, rule=rule, inputs=asked, result="–"), ()
        own = bins[0].verdict(facts).referred
        absent = (*exempt.referred, *(referral for referral in own if referral.state != "not_applicable"))
        rule = f"does not apply to {to_whom}"
        return Decimal(0), True, TraceStep(step=step, rule=rule, inputs={**asked, **inputs}, result="undecided"), absent
    # Every bin asks the same fact.
    known = read_fact(bins[0].fact, bins[0].definition, facts)
    for index, test in enumerate(bins):
        verdict = test.verdict_on(*known)
        if verdict.truth is Truth.MET:
            share = item.bins[index].share
            points = _EXACT.multiply(share, item.points)
            rule = f"{test} → {format(share, 'f')} × {format(item.points, 'f')}"
            return points, True, TraceStep(step=step, rule=rule, inputs=inputs, result=format(points, "f")), ()
        if verdict.truth is Truth.OPEN:
            if item.not_applicable == "renormalise" and verdict.referred[0].state == "not_applicable":
                taken_out = TraceStep(step=step, rule="not applicable: weights renormalise", inputs=inputs, result="–")
                return Decimal(0), False, taken_out, ()
            undecided = TraceStep(step=step, rule=str(test), inputs=inputs, result="undecided")
            return Decimal(0), True, undecided, verdict.referred
    raise AssertionError("bins cover every value; checked when the card was loaded")
