"""The validation report as one HTML file: nothing in it is fetched from elsewhere, and nothing in it runs."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from domain.finding import Outcome
from services.pricing.calc.validation import ValidationReport
from services.pricing.calc.validation.figures import Figures
from services.pricing.calc.validation.judgement import Check
from services.pricing.calc.validation.stability import Stability
from services.pricing.calc.validation.statistic import stated
from suandai.validation.charts import calibration, reliability, roc, stability

_WORDS = {
    Outcome.PASS: "通过 pass",
    Outcome.REFER: "提请复核 refer",
    Outcome.FAIL: "不通过 fail",
    Outcome.NOT_RUN: "未执行 not run",
}
_POPULATIONS = {"development": "开发样本 development", "validation": "验证样本 validation"}
_RANKED = {"score": "评分 score", "pd": "违约概率 PD"}
_PD_OF_GRADE = {"mean": "级内平均 PD mean PD of the grade", "midpoint": "主标尺中值 midpoint of the scale"}
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--pale:#a9b8c9;--dark:#1f5f99;--line:#d5dae0;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7eb;--pale:#52657a;--dark:#74b3ea;--line:#39424d;--paper:#14181d}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:var(--ink);background:var(--paper);
max-width:1000px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
td.figure,th.figure{text-align:right}
.outcome{white-space:nowrap;font-weight:600}
.pass{color:#1a7f4b}.refer{color:#a86400}.fail{color:#c4314b}.not_run{color:#6b7280}
figure{margin:1rem 0;display:inline-block;width:min(480px,100%)}figcaption{font-weight:600}
svg{width:100%;height:auto}svg path{fill:none}
svg .axis{stroke:var(--ink)}svg .grid{stroke:var(--line)}svg .chance{stroke:var(--pale);stroke-dasharray:4 4}
svg path.before{stroke:var(--pale);stroke-width:2}svg path.now{stroke:var(--dark);stroke-width:2}
svg rect.before{fill:var(--pale)}svg rect.now,svg circle.now{fill:var(--dark)}
svg .interval{stroke:var(--dark)}svg .pd{stroke:#c4314b;stroke-width:3}
svg text{fill:var(--ink);font-size:11px}
code{overflow-wrap:anywhere}summary{cursor:pointer}
"""


def page(report: ValidationReport, name: str) -> str:
    """The page of a report; ``name`` is what the validated file is called."""
    title = f"模型验证报告 Validation report · {escape(name)}"
    body = "".join(
        (
            f"<h1>{title}</h1>",
            _verdict(report),
            "<h2>检查 Checks</h2>",
            _checks(report.checks),
            _sections(report.figures),
            "<h2>依据 What it stands on</h2>",
            _basis(report),
            _cautions(),
            "<h2>计算过程 Trace</h2>",
            _traces(report.checks),
        )
    )
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _verdict(report: ValidationReport) -> str:
    counts = ", ".join(
        f"{_WORDS[outcome]} {number}"
        for outcome in Outcome
        if (number := sum(1 for check in report.checks if check.outcome is outcome))
    )
    return f"<p>{_outcome(report.outcome)} · {escape(counts)} · {report.as_of.isoformat()}</p>"


def _outcome(outcome: Outcome) -> str:
    return f'<span class="outcome {outcome.value}">{_WORDS[outcome]}</span>'


def _checks(checks: Sequence[Check]) -> str:
    rows = (
        f"<tr><td>{escape(check.title_zh)}<br>{escape(check.title_en)}</td><td>{_outcome(check.outcome)}</td>"
        f"<td>{'<br>'.join(dict.fromkeys((escape(check.message_zh), escape(check.message_en))))}</td></tr>"
        for check in checks
    )
    return f"<table><tr><th>检查 check<th>结论 outcome<th>说明 finding</tr>{''.join(rows)}</table>"


def _sections(figures: Figures) -> str:
    parts = []
    if figures.discrimination is not None:
        parts += ["<h2>区分能力 Discrimination</h2>", roc(figures.discrimination, figures.development)]
    if figures.hosmer_lemeshow is not None:
        parts += ["<h2>校准 Calibration</h2>", reliability(figures.hosmer_lemeshow)]
    if figures.grades:
        parts += ["<h2>分级检验 By grade</h2>", calibration(figures.grades), _grades(figures)]
    for found, title in (
        (figures.score_stability, "评分稳定性 Stability of scores"),
        (figures.grade_stability, "级别稳定性 Stability of grades"),
    ):
        if found is not None:
            parts += [f"<h2>{title}</h2>", stability(found, title), _bands(found)]
    if figures.overrides is not None:
        moved = [(f"{distance:+d}", str(number)) for distance, number in figures.overrides.notches.items()]
        parts += ["<h2>推翻 Overrides</h2>", _table(("级距 notches (− 上调 better)", "笔数 ratings"), moved)]
    return "".join(parts)


def _grades(figures: Figures) -> str:
    headings = (
        "级别 grade",
        "户数 obligors",
        "违约 defaults",
        "违约率 rate",
        "PD",
        "binomial p",
        "Jeffreys p",
        "区间 interval",
    )
    rows = [
        (
            item.grade,
            str(item.test.obligors),
            str(item.test.defaults),
            _percent(item.test.rate),
            _percent(item.test.pd),
            f"{item.test.binomial:.4f}",
            f"{item.test.jeffreys:.4f}",
            f"{_percent(item.test.low)} – {_percent(item.test.high)}",
        )
        for item in figures.grades
    ]
    return _table(headings, rows)


def _bands(found: Stability) -> str:
    rows = [(band.label, str(band.reference), str(band.current), f"{band.part:.6f}") for band in found.bands]
    return _table(("区间 band", "开发 development", "验证 validation", "PSI"), rows)


def _basis(report: ValidationReport) -> str:
    facts = [
        (_POPULATIONS[item.population], f"{item.obligors}，结果已知 known {item.known}，违约 defaults {item.defaults}")
        for item in report.populations
    ]
    facts += [
        ("排序 ranked by", _RANKED[report.ranked_by]),
        ("级别 PD of a grade", _PD_OF_GRADE[report.pd_of_grade]),
        ("文件 file, SHA-256", report.inputs_sha256),
        ("主标尺 master scale", f"{report.scale.id} {report.scale.version}"),
        ("标准 standards", f"{report.standards.id} {report.standards.version}"),
        ("政策包 policy, SHA-256", report.scale.sha256),
        ("方法 method", f"{report.model.id} {report.model.version}"),
    ]
    rows = "".join(f"<tr><th>{escape(name)}</th><td><code>{escape(value)}</code></td></tr>" for name, value in facts)
    return f"<table>{rows}</table>"


def _cautions() -> str:
    return (
        "<p>检验假定违约相互独立；违约相关时真实显著性水平更宽。被拒绝的申请没有结果，样本只说明获批客户（拒绝推断未做）。"
        "合成数据只能证明计算方法，不能证明模型的区分能力。</p>"
        "<p>The tests take defaults as independent; correlation widens the true levels. Applications that were refused have no"
        " outcome, so the sample speaks of accepted borrowers only (no reject inference). Synthetic data proves the mechanics,"
        " not the card.</p>"
    )


def _traces(checks: Sequence[Check]) -> str:
    parts = []
    for check in checks:
        if not check.trace:
            continue
        rows = [
            (step.step, step.rule, " ".join(f"{key}={value}" for key, value in step.inputs.items()), step.result)
            for step in check.trace
        ]
        shown = _table(("step", "公式 formula", "输入 inputs", "结果 result"), rows)
        parts.append(f"<details><summary>{escape(check.title_zh)} {escape(check.title_en)}</summary>{shown}</details>")
    return "".join(parts)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _percent(fraction: Decimal) -> str:
    return f"{stated(fraction) * 100:.2f} %"
