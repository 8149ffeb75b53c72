"""What follows from the figures: each is held against the standards, and says so in two languages."""

from decimal import Decimal
from itertools import pairwise

from domain.finding import Outcome, TraceStep, worst
from domain.model import Value
from domain.money import RATE_SCALE, rounded
from policy.engine import AtLeast, AtMost, ValidationStandards
from services.pricing.calc.conclusion import Trace
from services.pricing.calc.validation.accuracy import RateTest
from services.pricing.calc.validation.figures import Figures
from services.pricing.calc.validation.stability import Stability
from services.pricing.calc.validation.statistic import stated

_TITLES = {
    "auc": ("区分能力 AUC / Gini", "Discrimination: AUC and Gini"),
    "ks": ("区分能力 KS", "Discrimination: Kolmogorov-Smirnov"),
    "brier": ("Brier 分数", "Brier score"),
    "hosmer_lemeshow": ("Hosmer–Lemeshow 校准检验", "Calibration: Hosmer-Lemeshow"),
    "portfolio": ("整体违约概率检验", "Calibration of the whole portfolio"),
    "binomial": ("分级二项检验", "Calibration per grade: binomial"),
    "jeffreys": ("分级 Jeffreys 检验", "Calibration per grade: Jeffreys"),
    "grade_order": ("级别违约率单调性", "Default rates rise with the grades"),
    "score_stability": ("评分稳定性 PSI", "Stability of scores: PSI"),
    "grade_stability": ("级别稳定性 PSI", "Stability of grades: PSI"),
    "override_rate": ("推翻率", "Override rate"),
    "override_bound": ("推翻级距", "Override distance"),
}


class Check(Value):
    """One judgement. ``not_run`` where the sample leaves nothing to judge; it is never a pass."""

    id: str
    outcome: Outcome
    title_zh: str
    title_en: str
    message_zh: str
    message_en: str
    trace: tuple[TraceStep, ...] = ()


def judge(figures: Figures, standards: ValidationStandards, most_notches: int, defaults: int) -> tuple[Check, ...]:
    """Every check, in the order of the report. ``defaults`` are those of the validation sample: with fewer than the
    standards ask for, what rests on outcomes never passes.
    """
    few = defaults < standards.minimum_defaults
    on_outcomes = (
        _auc(figures, standards),
        _ks(figures, standards),
        _brier(figures),
        _hosmer_lemeshow(figures, standards.p_value),
        _portfolio(figures, standards.p_value),
        _per_grade("binomial", figures, standards.p_value),
        _per_grade("jeffreys", figures, standards.p_value),
        _grade_order(figures),
    )
    return (
        *(_held_back(check, defaults, standards.minimum_defaults) if few else check for check in on_outcomes),
        _stability("score_stability", figures.score_stability, standards.psi),
        _stability("grade_stability", figures.grade_stability, standards.psi),
        _override_rate(figures, standards.override_rate),
        _override_bound(figures, most_notches),
    )


def _check(name: str, outcome: Outcome, zh: str, en: str, trace: Trace | None = None) -> Check:
    title_zh, title_en = _TITLES[name]
    return Check(
        id=name,
        outcome=outcome,
        title_zh=title_zh,
        title_en=title_en,
        message_zh=zh,
        message_en=en,
        trace=tuple(trace.steps) if trace else (),
    )


def _not_run(name: str, zh: str, en: str) -> Check:
    return _check(name, Outcome.NOT_RUN, zh, en)


def _held_back(check: Check, defaults: int, needed: int) -> Check:
    if check.outcome is not Outcome.PASS:
        return check
    return check.model_copy(
        update={
            "outcome": Outcome.REFER,
            "message_zh": f"{check.message_zh}；仅 {defaults} 笔违约，少于 {needed} 笔，不足以下结论",
            "message_en": f"{check.message_en}; only {defaults} defaults, fewer than {needed}: not conclusive",
        }
    )


def at_least(figure: Decimal, standard: AtLeast) -> Outcome:
    if figure >= standard.passes:
        return Outcome.PASS
    return Outcome.FAIL if figure < standard.fails else Outcome.REFER


def at_most(figure: Decimal, standard: AtMost) -> Outcome:
    if figure < standard.passes:
        return Outcome.PASS
    return Outcome.FAIL if figure >= standard.fails else Outcome.REFER


def _shown(value: Decimal) -> str:
    """A figure in a sentence, to four places; the report's own fields have eight."""
    return format(stated(value).quantize(Decimal("0.0001")), "f")


_NO_OUTCOMES = ("样本中没有同时包含违约与未违约", "the sample does not hold both defaults and non-defaults")
_NO_PD = ("样本没有已知结果的 pd", "the sample has no pd with a known outcome")


def _auc(figures: Figures, standards: ValidationStandards) -> Check:
    found = figures.discrimination
    if found is None:
        return _not_run("auc", *_NO_OUTCOMES)
    trace = Trace("validation")
    trace.term(
        "auc",
        "P(bad scores below good) + ½ P(equal); Gini = 2 AUC − 1",
        stated(found.auc),
        good=found.good,
        bad=found.bad,
        passes=standards.auc.passes,
        fails=standards.auc.fails,
    )
    shown = f"AUC {_shown(found.auc)}, Gini {_shown(found.gini)}"
    if found.standard_error is not None:
        shown += f", ± {_shown(found.standard_error)}"
    then = figures.development
    zh, en = (f"；开发样本 {_shown(then.auc)}", f"; development {_shown(then.auc)}") if then else ("", "")
    return _check("auc", at_least(found.auc, standards.auc), shown + zh, shown + en, trace)


def _ks(figures: Figures, standards: ValidationStandards) -> Check:
    found = figures.discrimination
    if found is None:
        return _not_run("ks", *_NO_OUTCOMES)
    trace = Trace("validation")
    trace.term(
        "ks",
        "max |share of bad at or below s − share of good at or below s|",
        stated(found.ks),
        at=stated(found.ks_at),
        passes=standards.ks.passes,
        fails=standards.ks.fails,
    )
    shown = f"KS {_shown(found.ks)}"
    return _check("ks", at_least(found.ks, standards.ks), shown, shown, trace)


def _brier(figures: Figures) -> Check:
    found = figures.brier
    if found is None:
        return _not_run("brier", *_NO_PD)
    if found.skill is None:
        return _not_run("brier", *_NO_OUTCOMES)
    trace = Trace("validation")
    trace.term(
        "brier",
        "mean (PD − defaulted)²; skill = 1 − score ÷ (rate (1 − rate))",
        stated(found.score),
        reference=stated(found.reference),
        skill=stated(found.skill),
    )
    shown = f"{_shown(found.score)} : {_shown(found.reference)}"
    if found.skill > 0:
        return _check("brier", Outcome.PASS, f"{shown}，优于平均违约率", f"{shown}, better than the mean rate", trace)
    return _check("brier", Outcome.REFER, f"{shown}，不优于平均违约率", f"{shown}, no better than the mean rate", trace)


def _hosmer_lemeshow(figures: Figures, standard: AtLeast) -> Check:
    found = figures.hosmer_lemeshow
    if found is None:
        return _not_run("hosmer_lemeshow", *_NO_PD)
    trace = Trace("validation")
    trace.term(
        "hosmer_lemeshow",
        "Σ (O − E)² ÷ (E (1 − E ÷ n)), χ² with one degree of freedom a group",
        stated(found.statistic),
        groups=len(found.groups),
        p_value=stated(found.p_value),
        passes=standard.passes,
        fails=standard.fails,
    )
    shown = f"χ² {_shown(found.statistic)} ({len(found.groups)}), p {_shown(found.p_value)}"
    return _check("hosmer_lemeshow", at_least(found.p_value, standard), shown, shown, trace)


def _portfolio(figures: Figures, standard: AtLeast) -> Check:
    found = figures.portfolio
    if found is None:
        return _not_run("portfolio", *_NO_PD)
    outcome = at_least(found.jeffreys, standard)
    shown = f"PD {_shown(found.pd)}, {found.defaults} / {found.obligors} = {_shown(found.rate)}"
    zh = en = f"{shown}, Jeffreys p {_shown(found.jeffreys)}"
    if outcome is Outcome.PASS and found.too_high < standard.fails:
        # A PD that is too high is prudent and still wrong: good borrowers pay for it and leave.
        outcome, zh, en = Outcome.REFER, f"{zh}；违约概率偏高", f"{en}; the PD is too high"
    trace = Trace("validation")
    _rate_term(trace, "portfolio", found)
    return _check("portfolio", outcome, zh, en, trace)


def _rate_term(trace: Trace, step: str, test: RateTest) -> None:
    trace.term(
        step,
        "binomial P(D ≥ d | n, PD); Jeffreys Beta(d + ½, n − d + ½) at PD",
        f"{stated(test.binomial)} {stated(test.jeffreys)}",
        obligors=test.obligors,
        defaults=test.defaults,
        pd=stated(test.pd),
    )


def _per_grade(name: str, figures: Figures, standard: AtLeast) -> Check:
    if not figures.grades:
        return _not_run(name, "样本没有已知结果的评级", "the sample has no grade with a known outcome")
    trace = Trace("validation")
    outcomes, below = [], []
    # Of many right grades one looks wrong by chance: what refuses the card is shared out among them (Bonferroni).
    shared = AtLeast(passes=standard.passes, fails=rounded(standard.fails / len(figures.grades), RATE_SCALE))
    trace.term(f"{name}/level", "level of refusal ÷ grades", shared.fails, level=standard.fails, passes=standard.passes)
    for item in figures.grades:
        p_value = item.test.binomial if name == "binomial" else item.test.jeffreys
        outcomes.append(at_least(p_value, shared))
        if outcomes[-1] is not Outcome.PASS:
            below.append(f"{item.grade} p {_shown(p_value)}")
        _rate_term(trace, f"{name}/{item.grade}", item.test)
    if below:
        zh, en = f"违约概率偏低：{'、'.join(below)}", f"PD too low: {', '.join(below)}"
    else:
        zh, en = f"{len(outcomes)} 个级别均通过", f"all {len(outcomes)} grades hold"
    return _check(name, worst(outcomes), zh, en, trace)


def _grade_order(figures: Figures) -> Check:
    if len(figures.grades) < 2:
        return _not_run("grade_order", "有结果的级别不足两个", "fewer than two grades have outcomes")
    wrong = [
        f"{better.grade} > {worse.grade}"
        for better, worse in pairwise(figures.grades)
        if better.test.rate > worse.test.rate
    ]
    trace = Trace("validation")
    for item in figures.grades:
        trace.term(
            f"grade_order/{item.grade}",
            "defaults ÷ obligors",
            stated(item.test.rate),
            defaults=item.test.defaults,
            obligors=item.test.obligors,
        )
    if wrong:
        zh, en = f"违约率倒挂：{'、'.join(wrong)}", f"a better grade defaults more often: {', '.join(wrong)}"
        return _check("grade_order", Outcome.REFER, zh, en, trace)
    return _check("grade_order", Outcome.PASS, "逐级不降", "never falls from a grade to the next worse", trace)


def _stability(name: str, found: Stability | None, standard: AtMost) -> Check:
    if found is None:
        return _not_run(name, "没有可比的开发样本", "there is no development sample to compare with")
    trace = Trace("validation")
    for band in found.bands:
        trace.term(
            f"{name}/{band.label}",
            "(a − e) ln(a ÷ e)" + (", half an obligor where a side is empty" if band.filled else ""),
            stated(band.part),
            reference=band.reference,
            current=band.current,
        )
    trace.term(name, "Σ bands", stated(found.psi), passes=standard.passes, fails=standard.fails)
    shown = f"PSI {_shown(found.psi)}"
    return _check(name, at_most(found.psi, standard), shown, shown, trace)


_NO_OVERRIDES = ("样本没有 model_grade 列", "the sample has no model_grade")


def _override_rate(figures: Figures, standard: AtMost) -> Check:
    found = figures.overrides
    if found is None:
        return _not_run("override_rate", *_NO_OVERRIDES)
    trace = Trace("validation")
    trace.term(
        "override_rate",
        "ratings moved ÷ ratings",
        stated(found.rate),
        ratings=found.ratings,
        better=found.better,
        worse=found.worse,
        passes=standard.passes,
        fails=standard.fails,
    )
    zh = f"{_shown(found.rate)}：上调 {found.better}，下调 {found.worse}"
    en = f"{_shown(found.rate)}: {found.better} to a better grade, {found.worse} to a worse"
    return _check("override_rate", at_most(found.rate, standard), zh, en, trace)


def _override_bound(figures: Figures, most: int) -> Check:
    found = figures.overrides
    if found is None:
        return _not_run("override_bound", *_NO_OVERRIDES)
    trace = Trace("validation")
    trace.term(
        "override_bound",
        "ratings moved further than the scale allows",
        found.beyond,
        most_notches=most,
        **{f"by_{distance:+d}": number for distance, number in found.notches.items()},
    )
    if found.beyond:
        zh, en = f"{found.beyond} 笔超过 {most} 级", f"{found.beyond} moved by more than {most} notches"
        return _check("override_bound", Outcome.FAIL, zh, en, trace)
    return _check("override_bound", Outcome.PASS, f"均在 {most} 级以内", f"none by more than {most} notches", trace)
