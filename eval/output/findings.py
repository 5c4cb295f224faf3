"""What came out, in sentences: what a colleague reads first."""

from eval.output.grid import sees_truth
from eval.output.report import Report
from eval.results import TITLES, Block


def findings(report: Report) -> list[str]:
    """Per block: how much of the gap the reference closes, what it is ahead of and behind, what is broken."""
    said: list[str] = []
    for block in report.results.blocks:
        where = f"{block.dataset}, {block.encoder}, {block.head} head"
        for rate in report.results.rates(block)[-1:]:
            said += [f"{where}, missing rate {rate:g}: {sentence}" for sentence in _at(report, block, rate)]
    for ranked, found in report.rankings:
        if isinstance(found, str):
            said.append(f"Ranking of {ranked.run} at rate {ranked.rate:g}: {found}.")
            continue
        said.append(
            f"Ranking of {ranked.run} on {ranked.dataset} at rate {ranked.rate:g} ({ranked.encoder}): the chosen "
            f"candidate is the best by the truth in {found.chosen_best:.0f} % of {found.samples} samples, a "
            f"random one in {found.random_best:.0f} %; the choice goes {found.headroom:.0f} % of the way from a "
            "random to the best one."
        )
        gains = [
            f"{each.gain.value:.1f} [{each.gain.low:.1f}, {each.gain.high:.1f}] for a missing {each.missing} "
            f"({each.samples} samples)"
            for each in found.gains
        ]
        said[-1] += f" In likeness to the truth it is ahead of a random one by {' and '.join(gains)}."
    if report.results.broken:
        said.append(f"{len(report.results.broken)} cells are broken; the tables show them as broken.")
    return said


def _at(report: Report, block: Block, rate: float) -> list[str]:
    said = []
    for part in report.recovered:
        if (part.block, part.rate) == (block, rate):
            i = part.interval
            tail = (
                ""
                if part.gap > 0
                else " Complete data are not ahead of removing here, so this part means nothing."
            )
            said.append(
                f"{part.line} closes {i.value:.0f} % [{i.low:.0f}, {i.high:.0f}] of the gap of {part.gap:.1f} points "
                f"of {TITLES[part.metric]} between removing and having everything.{tail}"
            )
    mine = [d for d in report.differences if (d.block, d.rate, d.metric) == (block, rate, "macro_f1")]
    for verdict, words in (
        ("behind", "is behind"),
        ("not told apart", "cannot be told apart from"),
        ("ahead", "is ahead of"),
    ):
        others = [d.other for d in mine if d.verdict == verdict and not sees_truth(report, d.other)]
        if others:
            said.append(
                f"{mine[0].line} {words} {', '.join(others)} in macro F1 (95 % interval over test rows)."
            )
    return said


def not_comparable(report: Report) -> list[str]:
    """What the figures must not be taken for."""
    said = []
    for scene in report.plan.scenes:
        name = scene.spec.name
        if scene.miniature:
            said.append(
                f"{name}: the data or the models are the miniature's, a drawn world with tiny models. Figures compare "
                "the methods with each other here; none can be held against a published one."
            )
        for leak in scene.leaking:
            said.append(f"{name}: {leak.summary()}")
        if scene.spec.train_rows or scene.spec.test_rows:
            rows = {role: len(split.samples) for role, split in scene.splits.items()}
            said.append(
                f"{name}: only part of the splits is used ({', '.join(f'{k} {v:,}' for k, v in rows.items())})."
            )
    said.append(
        "SS and the analysis of ranking are measured with the encoder that makes the features. Where that is "
        "also the CLIP of the ranking, both lean towards what this CLIP likes, as in the paper."
    )
    said.append(
        "Seeds are those of the head (and of a method's own network and of random choices); the mask and the "
        "completions are the same for all, as in the paper. Intervals are over test rows, not over masks."
    )
    return said
