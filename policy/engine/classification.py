"""Classification of credit assets in five classes (商业银行金融资产风险分类办法): floors as tables, who decides, how often.

A table says how good a claim may be called at most; a person may always call it worse.
"""

from typing import Annotated, Literal

from pydantic import Field

from domain.model import Value
from domain.money import Rate
from policy.engine.file import PolicyFile, Title
from policy.engine.source import Pointer
from policy.engine.table import TableBody

Share = Annotated[Rate, Field(ge=0, le=1)]
ClassId = Literal["normal", "special_mention", "substandard", "doubtful", "loss"]
"""正常, 关注, 次级, 可疑, 损失."""
TABLES = ("overdue", "claim", "debtor", "house")
"""The tables whose rows give a class."""


class RiskClass(Value):
    """One class: whether claims in it are bad (不良), and the least provision as a share of the balance."""

    id: ClassId
    title_zh: Title
    bad: bool
    provision: Share


class ClassificationStep(Value):
    """One of the steps in which a class is found (初分、认定、审批): each is another person's."""

    id: Literal["initial", "confirmation", "approval"]
    role: Annotated[str, Field(min_length=1, max_length=40)]
    title_zh: Title


class ClassificationPolicy(PolicyFile):
    """How claims are classified. Every row of ``overdue``, ``claim``, ``debtor`` and ``house`` gives the class a claim has at
    best; the worst of all rows that are met is its floor."""

    unique = True

    kind: Literal["classification"]
    classes: Annotated[tuple[RiskClass, ...], Field(min_length=5, max_length=5)]
    """From the best to the worst."""
    counted_from: TableBody
    """From which due date days past due are counted where the payment was put off."""
    overdue: TableBody
    claim: TableBody
    debtor: TableBody
    """What holds of the debtor holds of all its claims here."""
    house: TableBody
    steps: Annotated[tuple[ClassificationStep, ...], Field(min_length=1, max_length=3)]
    every_months: Annotated[int, Field(ge=1, le=12)]
    """Claims are classified again at least this often."""

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        ids = [item.id for item in self.classes]
        if len(set(ids)) != len(ids):
            wrong.append((("classes",), "a class is listed twice"))
        provisions = [item.provision for item in self.classes]
        if provisions != sorted(provisions):
            wrong.append((("classes",), "provisions never fall from a better class to a worse one"))
        if [item.bad for item in self.classes] != sorted(item.bad for item in self.classes):
            wrong.append((("classes",), "no class better than a bad one may be worse than it"))
        steps = [step.id for step in self.steps]
        if len(set(steps)) != len(steps) or len({step.role for step in self.steps}) != len(steps):
            wrong.append((("steps",), "each step is taken once, and by another role"))
        for name in TABLES:
            outputs = {output.name: output for output in getattr(self, name).outputs}
            if set(outputs) != {"class", "review"}:
                wrong.append(((name, "outputs"), "a table of classes gives class and review"))
            elif not outputs["class"].values or not set(outputs["class"].values) <= set(ids):
                wrong.append(((name, "outputs"), "the values of class are the ids of classes"))
        if {output.name for output in self.counted_from.outputs} != {"from"}:
            wrong.append((("counted_from", "outputs"), "the table gives from"))
        return wrong

    def risk_class(self, name: str) -> RiskClass:
        """A class by its id."""
        return next(item for item in self.classes if item.id == name)

    def rank(self, name: str) -> int:
        """0 is the best class."""
        return [item.id for item in self.classes].index(self.risk_class(name).id)
