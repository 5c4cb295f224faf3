"""Fills the frames of letters with films."""

import random
from dataclasses import replace

from mini.train.authors.letters import frames
from mini.train.authors.sentences import tidy
from mini.world import reports as world
from mini.world.chest import BOTH, KINDS, Film, Finding
from mini.world.reports import Report, with_article
from mini.world.texts import listing


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """A letter with every fact of `film`. It denies only what `denied`, the whole film, lacks too."""
    short = "" if rng.random() < 0.2 else _impression(film, rng)
    return Report("", "", _findings(film, rng, denied or film), short)


def _findings(film: Film, rng: random.Random, whole: Film) -> str:
    """Blocks of sentences in any order, and perhaps all changes together before or after them."""
    voice = frames.ABROAD if rng.random() < 1 / 3 else frames.LETTER
    left, normal = rng.sample(film.findings, len(film.findings)), rng.sample(film.normal, len(film.normal))
    changed, blocks = [f for f in left if f.change], list[str]()
    if together := rng.random() < 0.35:
        left = [replace(f, change=None) for f in left]
    while left:
        size = rng.choice((1, 1, 2, 3))
        group, left = left[:size], left[size:]
        taken = rng.randint(1, len(normal)) if normal and rng.random() < 0.4 else 0
        ok, normal = _normal(normal[:taken], rng, voice) if taken else "", normal[taken:]
        if ok and len(film.findings) == 1 and rng.random() < 0.3:
            blocks.append(rng.choice(frames.APART).format(ok=ok, **_words(group[0], rng)))
        elif ok and len(group) == 2 and rng.random() < 0.4:
            blocks.append(rng.choice(frames.BETWEEN).format(ok=ok, **_group_words(group, rng)))
        else:
            body = _single(group[0], rng, voice) if len(group) == 1 else _several(group, rng, voice)
            # A heading ("finding: ...") cannot stand behind "whereas".
            forms = [form for form in frames.WITH_NORMAL if ":" not in body or form.startswith("{body}")]
            blocks.append(rng.choice(forms).format(body=body, ok=ok) if ok else body)
    kinds, structures = {f.kind for f in whole.findings}, {KINDS[f.kind].structure for f in film.findings}
    lacking = [k for s in frames.LACKING if s in structures for k in frames.LACKING[s] if k not in kinds]
    others = rng.sample(frames.ASIDES[voice], rng.choice((0, 0, 1, 2)))
    if lacking and rng.random() < 0.4:
        others.append(_lacking(rng.sample(lacking, rng.randint(1, min(2, len(lacking)))), rng))
    while normal:
        taken = rng.randint(1, len(normal))
        others.append(_normal(normal[:taken], rng, voice))
        normal = normal[taken:]
    for other in others:
        blocks.insert(rng.randint(0, len(blocks)), other)
    if changed and together:
        blocks.insert(rng.choice((0, len(blocks))), _comparison(changed, rng))
    return " ".join(tidy(block) for block in blocks)


def _single(f: Finding, rng: random.Random, voice: str) -> str:
    """One finding, its change within the sentence, before it or in the next one."""
    bare, way = replace(f, change=None), rng.random()
    if f.change and way < 0.25:
        first = frames.CHANGE_FIRST + frames.CHANGE_FIRST_PLACED if f.side else frames.CHANGE_FIRST
        return rng.choice(first).format(**_words(bare, rng), **_change_words(f.change, rng))
    tables: list[tuple[str, ...]] = [frames.SEEN[voice]]
    tables += [frames.HEARTS] * 2 * (f.kind == "cardiomegaly") + [frames.TUBES] * 2 * (f.kind == "tube")
    tables += (
        [frames.SEEN_PLACED[voice]] * bool(f.side)
        + [frames.SEEN_ZONED] * bool(f.zone)
        + [frames.SEEN_SIZED] * bool(f.size)
    )
    chosen = rng.choice(tables)
    after = f.change and way < 0.65
    body = rng.choice(chosen).format(**_words(bare if after else f, rng, behind=chosen is frames.HEARTS))
    if not f.change or not after:
        return body
    named = f"the {rng.choice(world.NAMES[f.kind])}"
    subject = rng.choice(("it", "this", "this one", "the finding", named, named))
    return f"{body}. {rng.choice(frames.CHANGE_AFTER)}".format(
        subject=subject, **_change_words(f.change, rng)
    )


def _several(group: list[Finding], rng: random.Random, voice: str) -> str:
    """Two or three findings in one sentence, which may go on to the changes of two."""
    if len(group) == 3:
        return rng.choice(frames.TRIPLES).format(**_group_words(group, rng))
    one, two = group
    tables: list[tuple[str, ...]] = [frames.PAIRS[voice]]
    tables += [frames.PAIRS_SPLIT] * bool(one.side and two.side)
    tables += (
        [frames.PAIRS_SAME if one.side == two.side else frames.PAIRS_ACROSS] * 2 * bool(one.zone and two.zone)
    )
    chosen = rng.choice(tables)
    after = bool(one.change or two.change) and rng.random() < 0.7
    told = [replace(f, change=None) for f in group] if after else group
    body = rng.choice(chosen).format(**_group_words(told, rng, places=chosen is frames.PAIRS[voice]))
    if not after:
        return body
    if one.change and one.change == two.change and rng.random() < 0.6:
        return body + rng.choice(frames.CHANGED_ALIKE).format(**_change_words(one.change, rng, frames.PLURAL))
    when = rng.choice(frames.WHEN)
    words = {"lead": rng.choice(frames.LEADS).format(w=when)}
    for number, change in (("1", one.change), ("2", two.change)):
        words |= {k + number: v for k, v in _change_words(change, rng, when=when).items()} if change else {}
    forms = frames.CHANGED_PAIR[bool(one.change), bool(two.change)]
    # Behind a place, "of which the former" would be said of the lung.
    form = rng.choice([f for f in forms if f.startswith(".") or chosen is frames.PAIRS[voice]])
    return body + form.format(**words)


def _group_words(group: list[Finding], rng: random.Random, places: bool = True) -> frames.Words:
    """{A}, {B}, {C}, with their places or without, and {P1}, {s1}, {z1} and so on."""
    words: frames.Words = {}
    for letter, number, f in zip("ABC", "123", group, strict=False):
        own = _words(f, rng, together=True)
        words[letter] = own["np"] if places else own["a"] + own["c"]
        words |= {k + number: own[k] for k in ("is", "P", "s", "z")}
    return words


def _words(f: Finding, rng: random.Random, behind: bool = False, together: bool = False) -> frames.Words:
    """What frames say of one finding; its change is told as an adjective or behind it."""
    name, size = rng.choice(world.NAMES[f.kind]), rng.choice(world.SIZE_WORDS[f.size]) if f.size else ""
    zone, adjective, tail = rng.choice(frames.ZONE_NAMES[f.zone]) if f.zone else "", "", ""
    # An adjective without an article before it ("new atelectasis and clips") might be read of both.
    if f.change and not behind and rng.random() < 0.35 and not (together and name.endswith(world.BARE)):
        adjective = rng.choice(frames.ADJECTIVES[f.change])
    elif f.change:
        tail = rng.choice(frames.TAILS_CLINGING if together else frames.TAILS).format(
            **_change_words(f.change, rng)
        )
    place = KINDS[f.kind].place if f.side else ""
    key = "side" if place == "zone" and not f.zone else place
    forms = frames.PLACES[BOTH if f.side == BOTH else "base" if key == "apex" else key]
    at = rng.choice(forms).format(s=f.side, z=zone, at=place)
    if (lobe := (f.side or "", f.zone or "")) in world.LOBES and rng.random() < 0.2:
        at = f"in the {world.LOBES[lobe]}"
    a, u = (
        with_article(" ".join(filter(None, words))) for words in ((adjective, size, name), (adjective, name))
    )
    shapes = [f"{a} {at}{tail}"] * 3
    if size:
        shapes += [f"{u}, {size} by my measure, {at}{tail}", f"{u} ({size}) {at}{tail}"]
    if f.side and not f.device:
        side = "bilateral" if f.side == BOTH else f.side
        sided = with_article(" ".join(filter(None, (adjective, size, side, name))))
        shapes.append(f"{sided} in the {zone} zone{tail}" if zone else sided + tail)
    return {
        **(frames.PLURAL if f.kind == "clips" else frames.SINGULAR),
        "a": a, "u": u, "size": size, "P": at, "c": tail, "z": zone, "s": f.side or "",
        "np": rng.choice(shapes), "big": f"the {size} {name}",
        "deg": rng.choice(frames.DEGREES.get(f.size or "", ("",))),
    }  # fmt: skip


def _change_words(
    change: str, rng: random.Random, number: frames.Words = frames.SINGULAR, when: str = ""
) -> frames.Words:
    w = when or rng.choice(frames.WHEN)
    vp, predw = (
        rng.choice(table[change]).format(w=w, **number) for table in (frames.VERBS, frames.PREDICATES_WHEN)
    )
    since = vp if "before" in vp else rng.choice((f"{vp} since {w}", f"{vp}, as against {w},"))
    vpw = rng.choice((f"{number['is']} {predw}", since))
    lead, pred = rng.choice(frames.LEADS).format(w=w), rng.choice(frames.PREDICATES[change])
    return {"w": w, "lead": lead, "pred": pred, "predw": predw, "vp": vp, "vpw": vpw}


def _comparison(changed: list[Finding], rng: random.Random) -> str:
    """All changes at once, findings with the same change in one clause."""
    when, clauses, heads = rng.choice(frames.WHEN), [], []
    for change in dict.fromkeys(f.change for f in changed if f.change):
        names = [f"the {rng.choice(world.NAMES[f.kind])}" for f in changed if f.change == change]
        said = _change_words(change, rng, frames.PLURAL if len(names) > 1 else frames.SINGULAR, when)
        subject = rng.choice(frames.CHANGED_TWO).format(*names) if len(names) == 2 else listing(names)
        clauses.append(f"{subject} {said['vp']}")
        heads.append(f"{said['pred']}: {listing(names)}")
    words = {
        "told": rng.choice(frames.CLAUSE_JOINS[len(clauses) > 2]).join(clauses),
        "heads": "; ".join(heads),
    }
    return rng.choice(frames.COMPARISONS).format(
        w=when, lead=rng.choice(frames.LEADS).format(w=when), **words
    )


def _normal(structures: list[str], rng: random.Random, voice: str) -> str:
    """One clause for one to three normal structures, by their state or by the lack of findings."""
    if rng.random() < 0.3:
        return _lacking([kind for structure in structures for kind in frames.LACKING[structure]], rng)
    names = [rng.choice(frames.WHOLE[structure]) for structure in structures]
    states = ["normal", "unremarkable"] + ["clear"] * ("heart" not in structures)
    states += ["not enlarged"] * (structures == ["heart"])
    verbs = (
        frames.PLURAL
        if len(names) > 1 or (names[0].endswith("s") and "pleura " not in names[0])
        else frames.SINGULAR
    )
    return rng.choice(frames.NORMAL[voice]).format(x=listing(names), ok=rng.choice(states), **verbs)


def _lacking(kinds: list[str], rng: random.Random) -> str:
    either = listing(kinds).replace(" and ", " or ")
    return rng.choice(frames.LACKED[len(kinds) == 1 :]).format(nor=" nor ".join(kinds), or_=either)


def _impression(film: Film, rng: random.Random) -> str:
    """The findings once more, without their changes; devices at times."""
    told = [replace(f, change=None) for f in film.findings if not f.device or rng.random() < 0.5]
    points = [_words(f, rng)["np"] for f in told]
    if all(f.device for f in film.findings):
        points.insert(0, rng.choice(frames.NOTHING))
    elif rng.random() < 0.5:
        return tidy(rng.choice(frames.SUMMARIES).format(listing(points)))
    numbered = len(points) > 1 and rng.random() < 0.7
    return " ".join((f"{n}. " if numbered else "") + tidy(point) for n, point in enumerate(points, 1))
