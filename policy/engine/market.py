"""Market records: deals and figures as they were reported, each with its unit, basis, day and source. Reference only.

A record says what somebody printed. No rule, score or limit can name one; figures counted on different bases are never
added.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application.text import Code, Label
from domain.compute_capacity import DifferentBasis
from domain.model import Value
from domain.printed_figures import FigureForm, PlainFigure, PrintedFigure, read_printed
from policy.engine.file import Day, PolicyFile, Sentence, Title
from policy.engine.source import Pointer


class ReportedFigure(PrintedFigure):
    """A figure as reported; with ``printed`` the book proves that it was read right."""

    printed: Label | None = None

    def misread(self) -> str:
        """Why the figure is not what was printed; empty where it is, or where no print is kept."""
        if self.printed is None:
            return ""
        try:
            read = read_printed(self.printed)
        except ValueError as error:
            return str(error)
        own = PrintedFigure.model_validate(self.model_dump(include=set(PrintedFigure.model_fields)))
        return "" if read == own else f"{self.printed!r} does not say this"


class MarketFigure(ReportedFigure):
    """One figure. Only those of one unit and one basis can be added."""

    id: Code
    title_zh: Title
    title_en: Title
    unit: Code
    """``CNY``, ``USD``, ``fraction``, ``EFLOPS``, ``ZB``, ``count`` …"""
    basis: Code
    """Whose count it is and of what: ``caict_intelligent``, ``six_bank_reports``, ``definition_undisclosed`` …"""
    nature: Literal["observed", "target", "forecast", "claimed"]
    as_of: Day
    source: Sentence


class DealAmount(ReportedFigure):
    """CNY."""


DealKind = Literal["facility", "intentions", "loan", "guarantee", "lease", "project", "lines"]


class Deal(Value):
    """A transaction as reported. It is no exposure of anybody's books, and its parties are no group because of it."""

    id: Code
    institution: Code
    product: Code | None = None
    title_zh: Title
    title_en: Title
    parties: tuple[Title, ...] = ()
    """Names as far as they were printed."""
    parties_related: bool = False
    stands_for: DealKind
    amount: DealAmount | None = None
    """None where it was not disclosed; such a deal is left out of every sum."""
    parts: tuple[DealAmount, ...] = ()
    """What the amount is said to be made of, where that was printed."""
    security: Literal["credit", "guarantee", "mortgage", "pledge"] | None = None
    tenor_months: Annotated[int, Field(ge=1, le=600)] | None = None
    signed: Day | None = None
    signed_text: Label | None = None
    """The day as printed, where it was no day: 2025-03中旬."""
    source: Sentence

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        if self.signed is not None and self.signed_text is not None:
            raise PydanticCustomError("deal_day", "a deal has a day, or the words that were printed for it")
        return self

    @property
    def gap(self) -> Decimal | None:
        """What the amount is more than its parts; None where not all of them are known."""
        if self.amount is None or self.amount.value is None or not self.parts:
            return None
        values = [part.value for part in self.parts]
        if any(value is None for value in values):
            return None
        return self.amount.value - sum((value for value in values if value is not None), Decimal(0))


class MarketStatement(Value):
    """What was said that is no figure: a reason, a standard, a complaint."""

    id: Code
    title_zh: Title
    title_en: Title
    says: Sentence
    figures: tuple[Code, ...] = ()
    """Figures of the same file that belong to it."""
    source: Sentence


class MarketRecords(PolicyFile):
    """The records of one subject."""

    kind: Literal["market_records"]
    deals: tuple[Deal, ...] = ()
    figures: tuple[MarketFigure, ...] = ()
    statements: tuple[MarketStatement, ...] = ()

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        ids: set[str] = set()
        for field in ("deals", "figures", "statements"):
            for index, item in enumerate(getattr(self, field)):
                if item.id in ids:
                    wrong.append(((field, index, "id"), f"{item.id!r} is there twice"))
                ids.add(item.id)
        if not ids:
            wrong.append(((), "there are no records"))
        figures = {item.id for item in self.figures}
        for index, item in enumerate(self.figures):
            if reason := item.misread():
                wrong.append((("figures", index), reason))
        for index, deal in enumerate(self.deals):
            amounts: list[tuple[Pointer, DealAmount]] = (
                [(("deals", index, "amount"), deal.amount)] if deal.amount is not None else []
            )
            amounts += [(("deals", index, "parts", place), part) for place, part in enumerate(deal.parts)]
            wrong.extend((at, reason) for at, amount in amounts if (reason := amount.misread()))
        for index, statement in enumerate(self.statements):
            wrong.extend(
                (("statements", index, "figures", place), f"there is no figure {name!r} here")
                for place, name in enumerate(statement.figures)
                if name not in figures
            )
        return wrong


class RefusedTerm(Value):
    """A wording that was printed by mistake and must not enter the records."""

    id: Code
    text: Label
    instead: Label
    refused_in: Annotated[tuple[Literal["deals", "figures", "statements", "terms"], ...], Field(min_length=1)]
    """Where the wording is the mistake: 算力券 is the name of a voucher, and no name of a bank's loan."""
    source: Sentence


class Term(Value):
    id: Code
    zh: Title
    en: Title


class Glossary(PolicyFile):
    """The words of the records, and those that are refused."""

    kind: Literal["glossary"]
    terms: Annotated[tuple[Term, ...], Field(min_length=1)]
    refused: tuple[RefusedTerm, ...] = ()

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        return [
            (("terms", index), reason)
            for index, term in enumerate(self.terms)
            for reason in self.faults_in("terms", (term.zh, term.en))
        ]

    def faults_in(self, where: str, texts: Iterable[str]) -> list[str]:
        """The refused wordings among some texts, as reasons."""
        lowered = [text.casefold() for text in texts]
        return [
            f"{item.text!r} is refused here: {item.instead}"
            for item in self.refused
            if where in item.refused_in and any(item.text.casefold() in text for text in lowered)
        ]


def added(figures: Iterable[MarketFigure]) -> Decimal:
    """The sum of figures. Raises :class:`DifferentBasis` where two are of different unit or basis, ``ValueError`` for one that
    is no single figure."""
    total, first = Decimal(0), None
    for figure in figures:
        if first is not None and (figure.unit, figure.basis) != (first.unit, first.basis):
            raise DifferentBasis(f"{figure.unit} by {figure.basis} is no {first.unit} by {first.basis}")
        if figure.form is not FigureForm.EXACT or figure.value is None:
            raise ValueError(f"{figure.id} is no single figure and cannot be added")
        first = first or figure
        total += figure.value
    return total


class DealSum(Value):
    """Deals of one kind added up: those of one exact amount, and the ids of those that have none."""

    stands_for: DealKind
    disclosed: PlainFigure
    counted: tuple[Code, ...]
    left_out: tuple[Code, ...]


def deal_sums(deals: Iterable[Deal]) -> tuple[DealSum, ...]:
    """Σ of the exact amounts in CNY, by what the deals stand for: letters of intention are no loans, and a sum over both is
    neither. What is undisclosed, a range or an approximation is left out and named.
    """
    kinds: dict[DealKind, list[Deal]] = {}
    for deal in deals:
        kinds.setdefault(deal.stands_for, []).append(deal)
    found = []
    for kind in sorted(kinds):
        total, counted, left_out = Decimal(0), [], []
        for deal in kinds[kind]:
            if deal.amount is not None and deal.amount.form is FigureForm.EXACT and deal.amount.value is not None:
                total += deal.amount.value
                counted.append(deal.id)
            else:
                left_out.append(deal.id)
        found.append(DealSum(stands_for=kind, disclosed=total, counted=tuple(counted), left_out=tuple(left_out)))
    return tuple(found)
