"""Fills the frames of a night's reports with films."""

import re
from collections.abc import Sequence
from random import Random

from mini.train.authors.nightdesk import frames
from mini.world.chest import BOTH, KINDS, Film, Finding
from mini.world.reports import LOBES, NAMES, SIZE_WORDS, Report, with_article
from mini.world.texts import listing


def report(film: Film, rng: Random, denied: Film | None = None) -> Report:
    """A report with every fact of `film`. It denies only what `denied`, the whole film, lacks too."""
    when, whole = rng.choice(frames.WHEN), {f.kind for f in (denied or film).findings}
    words = {f.kind: _words(f, rng, when) for f in film.findings}
    changed = [kind for kind in words if "change" in words[kind]]
    told = changed if rng.random() < 0.7 else []  # else all together, ahead of the rest or after it
    parts = (_template if rng.random() < 0.35 else _dictation)(film.normal, words, told, whole, rng)
    for text in rng.sample(frames.FILLER, rng.choice((0, 0, 1, 1, 2))):
        parts.insert(rng.randint(0, len(parts)), text)
    if changed and not told:
        parts.insert(rng.choice((0, len(parts))), _comparison([words[kind] for kind in changed], rng))
    points = [_words(f, rng, when)["frag"] for f in film.findings if not f.device or rng.random() < 0.5]
    points = points if any(not f.device for f in film.findings) else [rng.choice(frames.NOTHING), *points]
    points = ["; ".join(points)] if rng.random() < 0.2 else points
    impression = "" if rng.random() < 0.2 else _sentences(points, rng.random() < 0.4)
    return Report("", "", _sentences(parts, rng.random() < 0.12), impression)


def _words(finding: Finding, rng: Random, when: str) -> frames.Words:
    """Everything that a frame may say of one finding; what it does not have is left out."""
    kind, change, name = finding.kind, finding.change, rng.choice(NAMES[finding.kind])
    size = rng.choice(SIZE_WORDS[finding.size]) if finding.size else ""
    full, head = f"{size} {name}".strip(), name.removesuffix(" of the heart").split()[-1]
    words = {"name": name, "full": full, "a": with_article(full), "head": head, "the": f"the {head}"}
    words |= {"be": "are" if kind == "clips" else "is", "it": "that" if kind == "cardiomegaly" else "it"}
    words |= {"when": when, "adv": rng.choice(frames.ADVERBS.get(finding.size or "", ("",)))}
    words |= {"np": words["a"], "frag": full} | ({"size": size} if size else {})
    if finding.side:
        words |= _place(finding, full[: -len(name)], name, rng)
        words |= {"np": _fill(frames.NP, words, rng), "frag": _fill(frames.FRAG, words, rng)}
    words["clause"] = _fill(
        {"cardiomegaly": frames.HEART, "tube": frames.TUBE}.get(kind, frames.CLAUSE), words, rng
    )
    if change:
        adjective = rng.choice(frames.ADJECTIVES[change])
        words |= {"change": change, "adjective": adjective, "pre_a": with_article(f"{adjective} {full}")}
        words["pre"] = f"{words['pre_a']} {words.get('place', '')}".strip()
        for key, table in frames.STATES.items():
            words[key] = _fill(table[change], words, rng)
    return words


def _place(finding: Finding, size: str, name: str, rng: Random) -> frames.Words:
    """The words of a side and, where it is told, of a zone."""
    kind, side, zone = KINDS[finding.kind].place, finding.side or "", finding.zone or ""
    at = "both" if side == BOTH else frames.ENDS.get(kind, kind if zone else "side")
    slots = {"s": side, "p": kind} | {
        key: rng.choice(forms) for key, forms in frames.ZONES.get(zone, {}).items()
    }
    lobe = [text for cell, text in LOBES.items() if cell == (side, zone)]
    places = [form.format(**slots) for form in frames.PLACES[at]]
    tags = [form.format(**slots) for form in frames.TAGS[at]]
    plain = [form for form in places if not re.search("[,(]", form)]
    adjective = {"both": "bilateral", "zone": f"{side} {slots.get('l')}"}.get(at, f"{side}-sided")
    words = {"tag": rng.choice(tags + lobe), "at": rng.choice(plain + [f"in the {form}" for form in lobe])}
    words["place"] = rng.choice((rng.choice(places), words["at"]))
    words["bare_compound"] = f"{size}{adjective} {name}"
    words["compound"] = with_article(words["bare_compound"])
    words |= {"side": side, "within": frames.WITHIN[at].format(**slots)} if at in frames.WITHIN else {}
    return words | ({"spot": frames.SPOTS[at].format(**slots)} if at in frames.SPOTS else {})


def _fill(forms: Sequence[str], words: frames.Words, rng: Random) -> str:
    """One of the frames that have all their words."""
    return rng.choice([f for f in forms if words.keys() >= set(re.findall(r"{(\w+)}", f))]).format(**words)


def _group(group: list[frames.Words], told: int, rng: Random) -> str:
    """One to three findings in one telling, with the changes of the first `told` of them."""
    if len(group) == 1:
        return _fill(
            (*frames.CHANGED_CLAUSE, *frames.CHANGED_SPLIT) if told else ("{clause}",), group[0], rng
        )
    many = {f"{x}_{key}": text for x, w in zip("xyz", group, strict=False) for key, text in w.items()}
    many |= {"same": many["x_side"]} if many.get("x_side", "x") == many.get("y_side") else {}
    same = frames.PAIR_ALIKE if many.get("x_change") == many.get("y_change") else frames.PAIR_UNLIKE
    forms = (frames.TRIPLE if len(group) == 3 else frames.PAIR, frames.PAIR_MIXED, same)[told]
    return _fill(forms, many | {"when": group[0]["when"]}, rng)


def _dictation(
    normal: Sequence[str], words: frames.All, told: list[str], whole: set[str], rng: Random
) -> list[str]:
    """Findings alone, by two or three, or with a normal structure; as sentences or run on in one breath."""
    kinds, clear = rng.sample(list(words), len(words)), _normal(normal, rng)
    units: list[tuple[str, str]] = []  # each with what it is of, if that is to be called
    while kinds:
        most = rng.choice((1, 1, 2, 2 if set(kinds) & set(told) else 3))
        taken, kinds = sorted(kinds[:most], key=lambda kind: kind not in told), kinds[most:]
        unit, label = _group([words[k] for k in taken], len(set(taken) & set(told)), rng), frames.OF[taken[0]]
        called = label if len(taken) == 1 and label not in dict(units) else ""
        if clear and rng.random() < 0.35 and ". " not in unit:
            alone = {"np": words[taken[0]]["np"]} if len(taken) == 1 and taken[0] not in told else {}
            called, unit = "", _fill(frames.BESIDE, {"unit": unit, "ok": clear.pop()[1]} | alone, rng)
        units += [(called, unit), *(("", text) for text in _denials(whole, label, rng))]
    for part in clear:
        units.insert(rng.randint(0, len(units)), part)
    if rng.random() < 0.4 or any(". " in text for _, text in units):
        return [text for _, text in units]
    calls = [rng.choice(frames.FIRST), *rng.choices(frames.NEXT, k=len(units) - 1)]
    # A unit that is not called stands after a semicolon, lest its place be taken for that of the unit before.
    calls = [f", {call.format(of)}" if of else "; " for call, (of, _) in zip(calls, units, strict=True)]
    return ["".join(call + text for call, (_, text) in zip(calls, units, strict=True))[2:]]


def _template(
    normal: Sequence[str], words: frames.All, told: list[str], whole: set[str], rng: Random
) -> list[str]:
    """A heading for each structure, and what there is under it."""
    parts = []
    for label, headings in rng.sample(list(frames.LABELS.items()), len(frames.LABELS)):
        found = [kind for kind in words if frames.OF[kind] == label]
        lines = [
            _fill(frames.CHANGED_FRAG if k in told else ("{frag}", "{clause}"), words[k], rng) for k in found
        ]
        if len(lines) > 1:
            lines = [f"({number}) {line}" for number, line in enumerate(lines, 1)]
        lines += _denials(whole, label, rng) if found else []
        lines += [rng.choice(frames.NORMAL[label])] if label in normal else []
        parts += [f"{rng.choice(headings)}: {'. '.join(lines)}"] if lines else []
    return parts


def _comparison(changed: list[frames.Words], rng: Random) -> str:
    """All changes in one sentence; findings that changed alike share a verb."""
    alike = [[w for w in changed if w["change"] == change] for change in frames.SHORT]
    said = [f"{listing([w['the'] for w in g])} {g[0]['bare' if len(g) == 1 else 'are']}" for g in alike if g]
    heads, form = rng.choice(frames.HEADS), rng.choice(frames.COMPARISON)
    return form.format(**changed[0], list=listing(said), heads=", ".join(heads.format(**w) for w in changed))


def _normal(structures: Sequence[str], rng: Random) -> list[tuple[str, str]]:
    """The normal structures, each with its name, or two or three of them together."""
    names = rng.sample(list(structures), len(structures))
    many = names[: rng.choice((2, 3))] if len(names) > 1 and rng.random() < 0.5 else []
    *lacks, last = [kind for name in many for kind in frames.LACK[name].split()] or [""]
    text = rng.choice(frames.GROUPED).format(list=listing(many or [""]), lack=f"{', '.join(lacks)} or {last}")
    alone = [(name, rng.choice(frames.NORMAL[name])) for name in names if name not in many]
    return [*alone, ("", text)] if many else alone


def _denials(whole: set[str], label: str, rng: Random) -> list[str]:
    """At times, one or two kinds of the structure that the whole film lacks."""
    absent = [rng.choice(NAMES[kind]) for kind in KINDS if frames.OF[kind] == label and kind not in whole]
    picked = rng.sample(absent, min(len(absent), rng.choice((0, 0, 1, 2))))
    return ["no " + " or ".join(picked)] if picked else []


def _sentences(parts: list[str], numbered: bool) -> str:
    text = " ".join(f"{n}. {part}." if numbered else f"{part}." for n, part in enumerate(parts, 1))
    return re.sub(r"(^|[.] |[.:] [(]\d[)] )([a-z])", lambda match: match[1] + match[2].upper(), text)
