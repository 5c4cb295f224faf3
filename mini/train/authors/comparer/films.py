"""Fills the frames of a comparing consultant with films."""

import random
import re
from dataclasses import replace

from mini.train.authors.comparer import frames
from mini.train.authors.sentences import tidy
from mini.world import reports as world
from mini.world.chest import BOTH, KINDS, Film, Finding
from mini.world.reports import MARK, Report, with_article
from mini.world.texts import listing


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """A report with every fact of `film`. It denies only what `denied`, the whole film, lacks too."""
    names = {f.kind: rng.choice(world.NAMES[f.kind]) for f in film.findings}
    short = "" if rng.random() < 0.2 else _impression(film, names, rng)
    return Report("", "", _body(film, denied or film, names, rng), short)


def _body(film: Film, whole: Film, names: frames.Words, rng: random.Random) -> str:
    terse, changed = rng.random() < 1 / 3, [f for f in film.findings if f.change]
    # The comparison stands in front of the findings, after them, or is woven into them.
    where = rng.choice(["front", "front", "end", "woven", "woven", "woven"]) if changed else "woven"
    left = [f if where == "woven" else replace(f, change=None) for f in film.findings]
    rng.shuffle(left)
    there, parts = {f.kind for f in whole.findings}, list[str]()
    while left:
        chunk = left[: 1 if terse else rng.choice([1, 2, 2, 3])]
        left = left[len(chunk) :]
        parts.append(_tell(chunk, names, terse, film, rng))
        structure = KINDS[chunk[-1].kind].structure or "none"
        absent = [kind for kind in KINDS if kind not in there and KINDS[kind].structure == structure]
        if absent and rng.random() < 0.4:
            there.add(kind := rng.choice(absent))
            parts[-1] += " " + tidy(rng.choice(frames.ALONE["denied"]).format(kind))
    _add_normal(parts, film, terse, rng)
    for other in rng.sample(frames.ALONE["other"], rng.choice([0, 0, 1, 1, 2])):
        parts.insert(rng.randint(0, len(parts)), tidy(other))
    if where != "woven":
        parts.insert(0 if where == "front" else len(parts), _comparison(changed, names, rng))
    return " ".join(parts)


def _tell(chunk: list[Finding], names: frames.Words, terse: bool, film: Film, rng: random.Random) -> str:
    """One to three findings, each with its change if it has one; one sentence compares with one film."""
    when, changed = rng.choice(frames.ALONE["when"]), [f for f in chunk if f.change]
    words = [_words(f, names[f.kind], when, rng) for f in chunk]
    if len(chunk) == 2 and rng.random() < 0.65:
        return _pair(chunk, words, rng)
    if len(chunk) == 3 and rng.random() < 0.5:
        told = tidy(rng.choice(frames.LISTS["found"]).format(list=listing([w["thing"] for w in words])))
        return f"{told} {_comparison(changed, names, rng)}" if changed else told
    if len(chunk) > 1:
        clauses = [_frame("inner" if "c" in w else "plain", w, rng) for w in words]
        return tidy(rng.choice(frames.JOINTS[: 8 - 2 * len(chunk)]).join(clauses))
    key = rng.choice(["inner", "outer", "outer"]) if changed else "plain"
    if key == "plain" and [f for f in film.findings if KINDS[f.kind].structure == "lungs"] == chunk:
        key = rng.choice(["plain", "except"])
    return tidy(_frame(key if not terse else "notes" if changed else "plain notes", words[0], rng))


def _pair(chunk: list[Finding], words: list[frames.Words], rng: random.Random) -> str:
    f, g = chunk
    key = ("same" if f.change == g.change else "differ") if f.change and g.change else "second"
    if not f.change and not g.change:
        sided = f.side and g.side and BOTH not in (f.side, g.side) and rng.random() < 0.6
        key = "neither" if not sided else "one side" if f.side == g.side else "two sides"
    ordered = words if key != "second" or g.change else words[::-1]
    both = {f"{name}{i}": text for i, told in enumerate(ordered, 1) for name, text in told.items()}
    return tidy(rng.choice(frames.PAIRS[key]).format(side=f.side, other=g.side, **both))


def _comparison(changed: list[Finding], names: frames.Words, rng: random.Random) -> str:
    """The changes alone, of findings that are described elsewhere; those with the same one share a clause."""
    groups: dict[str, list[str]] = {}
    for finding in rng.sample(changed, len(changed)):
        groups.setdefault(finding.change or "", []).append(frames.HEADS[names[finding.kind]])
    verbs = {
        change: rng.choice(frames.VERB[change]).format(**frames.BE[len(its) > 1])
        for change, its in groups.items()
    }
    told = rng.choice(frames.JOINTS[:2]).join(
        f"{listing(its)} {verbs[change]}" for change, its in groups.items()
    )
    when = rng.choice(frames.ALONE["when"])
    return tidy(rng.choice(frames.LISTS["compared"]).format(list=told, when=when, vs=f"compared with {when}"))


def _add_normal(parts: list[str], film: Film, terse: bool, rng: random.Random) -> None:
    """The normal structures between, before and after the findings, or in the sentence of one of them."""
    normal = rng.sample(film.normal, len(film.normal))
    last = bool(normal and parts) and not terse and rng.random() < 0.2
    if last or (len(normal) > 1 and rng.random() < 0.4):
        frame = rng.choice(frames.LISTS["otherwise" if last else "normal"])
        told = tidy(frame.format(list=listing([f"the {s}" for s in normal])))
        parts.insert(len(parts) if last else rng.randint(0, len(parts)), told)
        return
    for structure in normal:
        clause = rng.choice(frames.ALONE["terse" if terse and rng.random() < 0.5 else structure]).format(
            structure
        )
        index = rng.randint(0, len(parts))
        # A single sentence may take a second clause.
        if parts[index:] and not terse and rng.random() < 0.4 and not re.search("[.:;?].", parts[index]):
            parts[index] = tidy(parts[index][:-1] + rng.choice([", and ", "; ", ", but "]) + clause)
        else:
            parts.insert(index, tidy(clause))


def _impression(film: Film, names: frames.Words, rng: random.Random) -> str:
    told = [replace(f, change=None) for f in film.findings if not f.device or rng.random() < 0.5]
    words = [_words(f, names[f.kind], MARK, rng) for f in told]
    points = [rng.choice([w["full"], w["thing"]]) for w in words]
    if all(f.device for f in film.findings):
        points.insert(0, rng.choice(world.NOTHING))
    elif rng.random() < 0.4:
        return tidy(rng.choice(frames.LISTS["concluded"]).format(list=listing([w["thing"] for w in words])))
    numbers = len(points) > 1 and rng.random() < 0.5
    return " ".join((f"{i}. " if numbers else "") + tidy(point) for i, point in enumerate(points, 1))


def _words(finding: Finding, name: str, when: str, rng: random.Random) -> frames.Words:
    side, zone, place = finding.side or "", finding.zone or "", KINDS[finding.kind].place
    key = "both" if side == BOTH else "lung" if place == "zone" and not zone else place
    lobe = world.LOBES.get((side, zone)) if rng.random() < 0.25 else None
    where = {"side": side, "zone": rng.choice(["mid", "middle"]) if zone == "mid" else zone}
    at = f"in the {lobe}" if lobe else rng.choice(frames.AT.get(key, [""])).format(**where)
    if place == "zone" and zone and zone != "mid" and rng.random() < 0.2:
        at = rng.choice(frames.AT["lobe"]).format(**where)
    n = f"{rng.choice(world.SIZE_WORDS[finding.size])} {name}" if finding.size else name
    full, thing = f"{n} {at}", f"{with_article(n)} {at}"
    if at and " " not in name and rng.random() < 0.4:
        full = f"{n.removesuffix(name)}{frames.ADJECTIVE.get(key, '{side}').format(**where)} {name}"
        thing = with_article(full)
    alone = f"at the {place}" if place in ("base", "apex") else f"in the {zone} zone" if zone else ""
    be = "are" if finding.kind == "clips" else "is"
    words = {
        "thing": thing, "the": f"the {full}", "a": with_article(n), "the_a": f"the {n}", "it": frames.HEADS[name],
        "at": at, "alone": alone, "n": n, "full": full, "be": be, "when": when,
        "noted": re.sub(r"^(in|at|on|over|within) (the )?", "", at).replace(" (", ", ").replace(")", ""),
        "card": f"{name}, {n.removesuffix(name)}".strip(" ,"),
        "vs": rng.choice(frames.ALONE["versus"]).format(when=when),
        "clause": rng.choice([f"there {be} {thing}", f"{thing} {be} seen", f"the film shows {thing}"]),
    }  # fmt: skip
    if finding.kind in ("cardiomegaly", "tube") and rng.random() < 0.7:
        degree = rng.choice(frames.DEGREES[finding.size])
        words["clause"] = rng.choice(frames.ALONE[finding.kind]).format(degree, thing=thing)
    if change := finding.change:
        fresh, p = f"{rng.choice(frames.ATTRIBUTE[change])} {n}", rng.choice(frames.PREDICATE[change])
        words |= {
            "fresh": f"{with_article(fresh)} {at}", "fresh_n": f"{fresh} {at}", "p": p,
            "c": frames.BEFORE.get(change, p) if rng.random() < 0.3 else p,
            "since": rng.choice(frames.SINCE[change]).format(when=when),
            "verb": rng.choice(frames.VERB[change]).format(**frames.BE[0]),
        }  # fmt: skip
    return words


def _frame(key: str, words: frames.Words, rng: random.Random) -> str:
    # Only findings with a place fit frames that tell it apart.
    fitting = [frame for frame in frames.FRAMES[key] if words["at"] or not re.search("{(at|noted)}", frame)]
    return rng.choice(fitting).format(**words)
