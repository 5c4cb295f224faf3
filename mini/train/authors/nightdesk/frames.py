"""What a night's report says, as frames and the words that fill them."""

from collections.abc import Mapping, Sequence

from mini.world.chest import KINDS
from mini.world.reports import MARK

Words = dict[str, str]
All = dict[str, Words]
# Where a finding is. s: side; z: zone; l: zone or lobe; w: the zone's word; p: base or apex.
ZONES = {
    "upper": {"z": ("upper zone",), "l": ("upper zone", "upper lobe"), "w": ("upper",)},
    "mid": {"z": ("mid zone", "middle zone"), "l": ("mid zone", "midlung", "middle zone"), "w": ("middle",)},
    "lower": {"z": ("lower zone",), "l": ("lower zone", "lower lobe"), "w": ("lower",)},
}  # fmt: skip
PLACES = {
    "zone": ("in the {s} {l}", "in the {z} on the {s}", "in the {z} of the {s} lung", "on the {s}, in the {z}",
        "on the {s} in the {z}", "in the {s} lung, {z}", "in the zone called {w}, of the {s} lung",
        "in the {w} part of the {s} lung", "in the {z} ({s})", "on the {s} ({z})"),
    "side": ("in the {s} lung", "on the {s}", "in the {s} hemithorax", "on the {s} side", "within the {s} lung"),
    "end": ("at the {s} {p}", "on the {s}", "at the {p} on the {s}", "on the {s}, at the {p}", "at the {p} ({s})",
        "in the {s} {p}", "at the {p} of the {s} lung", "on the {s} side"),
    "both": ("on both sides", "at both bases", "bilaterally", "on both sides, at the bases",
        "at the base on both sides"),
    "wall": ("over the {s} chest", "in the {s} chest wall", "on the {s}", "in the chest wall on the {s}",
        "on the {s}, in the chest wall", "on the {s} side, over the chest"),
}  # fmt: skip
TAGS = {
    "zone": ("{s} {l}", "{s} lung, {z}", "{z}, {s} lung", "{z} of the {s} lung", "{z} on the {s}"),
    "side": ("{s} lung", "{s} side", "on the {s}"),
    "end": ("{s} {p}", "{s} side", "{p}, {s}"),
    "both": ("both bases", "both sides", "bilateral"),
    "wall": ("{s} chest wall", "{s} chest", "chest wall, {s}"),
}  # fmt: skip
SPOTS = {"zone": "{s} {l}", "side": "{s} lung", "end": "{s} {p}", "wall": "{s} chest wall"}
WITHIN = {"zone": "in the {z}", "end": "at the {p}", "wall": "in the chest wall"}
# One finding as a noun phrase, as a fragment, as a clause; a frame is open to the findings that have all its words.
NP = ("{a} {place}", "{a} {place}", "{a} ({tag})", "{compound}")
FRAG = ("{full}, {tag}", "{tag}: {full}", "{full} {place}", "{full} ({tag})", "{name}, {size}, {tag}")
CLAUSE = (
    "there {be} {a} {place}", "{place} there {be} {a}", "{a} {be} seen {place}", "I see {a} {place}",
    "{place} I have {a}", "the {spot} shows {a}", "{place}, {a}", "{a} {place} {be} noted",
    "what I see {place} is {a}", "{a} {be} found {at}", "got {a} {place}",
)  # fmt: skip
HEART = ("the heart is {adv}enlarged", "the cardiac silhouette is {adv}enlarged", "there is {full}")
ADVERBS = {"mild": ("mildly ", "slightly "), "severe": ("severely ", "markedly ")}
TUBE = ("the patient is intubated", "{a} is in place", "{full} in position")
# Changes. `tail` follows a noun, `pred` is a predicate, `bare` and `short` are these without the earlier film.
WHEN = (
    MARK, f"the film of {MARK}", "the prior study", "the earlier film", "last week's radiograph",
    f"the {MARK} film", "yesterday's film",
)  # fmt: skip
ADJECTIVES = {"new": ("new",), "unchanged": ("unchanged", "stable"), "larger": ("increasing", "increased")}
SHORT = {
    "new": ("new", "not seen before"),
    "unchanged": ("unchanged", "stable"),
    "larger": ("larger", "increased"),
}  # fmt: skip
TAIL = {
    "new": ("new since {when}", "new compared with {when}", "new against {when}"),
    "unchanged": ("unchanged since {when}", "stable since {when}", "unchanged from {when}"),
    "larger": ("larger than on {when}", "increased since {when}", "increased from {when}"),
}  # fmt: skip
BARE = {
    "new": ("is new", "is a new finding", "was not seen before"),
    "unchanged": ("is unchanged", "is stable", "remains stable"),
    "larger": ("is larger", "has increased", "is increasing"),
}  # fmt: skip
PRED = {
    "new": ("is {tail}", "counts as {tail}"),
    "unchanged": ("is {tail}", "remains {tail}"),
    "larger": ("has increased since {when}", "is larger than on {when}"),
}  # fmt: skip
ARE = {"new": ("are new",), "unchanged": ("are unchanged", "are stable"), "larger": ("have increased",)}
Table = Mapping[str, Sequence[str]]
STATES: dict[str, Table] = {"short": SHORT, "tail": TAIL, "bare": BARE, "are": ARE, "pred": PRED}
CHANGED_FRAG = (
    "{adjective} {bare_compound}", "{adjective} {full}, {tag}", "{frag}, {tail}", "{frag}, {short}",
    "{frag} ({tail})", "{frag}: {short}", "{frag} - {tail}", "{tail}: {frag}", "{short}: {frag}",
    "{frag}; {it} {pred}", "{frag} [{short}]", "{frag}, this one {tail}", "{frag}. Status against {when}: {short}",
    "{short} against {when}: {frag}", "{frag}, and {tail} at that",
)  # fmt: skip
CHANGED_CLAUSE = (
    "{clause} and {it} {pred}", "{clause} and that {bare}", "{clause}, {tail}", "{clause}, {short}",
    "{np}, which {pred}", "{np}, and this one {pred}", "there is {pre}", "I see {pre}", "{pre}", "{place} {pre_a}",
    "{clause} and the finding {pred}", "{tail}, {np}", "{tail} is {np}", "compared with {when}, {np} {bare}",
    "{np} {pred}", "{np} (and {it} {pred})", "{place} {a}, {tail}",
)  # fmt: skip
CHANGED_SPLIT = (
    "{clause}. {it} {pred}", "{clause}. This {pred}", "{clause}. {the} {pred}", "{clause}. The finding {bare}",
    "{clause}. This one {pred}", "{clause}. {tail}", "{clause}. On comparison with {when} {the} {bare}",
    "{clause}. Compared with {when}, {it} {bare}", "{when} is on the other screen. {clause} and {it} {bare}",
    "{clause}. Verdict against {when}: {short}",
)  # fmt: skip
COMPARISON = (
    "compared with {when}, {list}", "comparison with {when}: {list}", "against {when}, {list}", "changes: {heads}",
    "side by side with {when}: {list}", "course since {when}: {heads}", "held next to {when}, {list}",
    "COMPARISON: {heads}", "{list}, all of this compared with {when}", "to sum up the comparison, {list}",
    "{list} (comparison: {when})", "as for {when}, {list}",
)  # fmt: skip
HEADS = ("{head} {short}", "{head}: {short}", "{head} ({short})", "{adjective} {head}")
# Two findings: neither changed, both changed alike, each in its way, only the first. And three.
PAIR = (
    "on the {same} two findings: {x_a} {x_within} and {y_a} {y_within}",
    "{same} side: {x_full} {x_within}, {y_full} {y_within}",
    "on the {same}, {x_a} {x_within} plus {y_a} {y_within}", "{x_np} and {y_np}", "{x_clause} and {y_clause}",
    "{x_frag}; {y_frag}", "{x_full} and {y_full}, the former {x_at}, the latter {y_at}",
    "{x_a} and {y_a}, {x_at} and {y_at} respectively", "besides {x_np} there {y_be} {y_np}",
    "{x_clause}. In addition, {y_np}", "{x_place} {x_a}; {y_place} {y_a}", "{x_clause}, while {y_clause}",
    "{y_np}, and before I forget, {x_np}", "{x_a} and {y_a}. The former is {x_at}, the latter {y_at}",
    "{x_a} and {y_a}: the first {x_at}, the second {y_at}",
)  # fmt: skip
PAIR_ALIKE = (
    "{x_np} and {y_np}, both {x_tail}", "{x_tail} are {x_np} and {y_np}", "{x_clause}. {y_clause}. Both {x_are}",
    "{x_short}: {x_frag}; {y_frag}; both compared with {when}", "{x_clause} and {y_clause}, both {x_short}",
    "compared with {when}, both {x_np} and {y_np} {x_are}",
)  # fmt: skip
PAIR_UNLIKE = (
    "{x_np}, {x_tail}, and {y_np}, {y_short}", "{x_np} and {y_np}, the former {x_short}, the latter {y_short}",
    "{x_np} and {y_np}, {x_short} and {y_short} respectively",
    "{x_clause}. {y_clause}. The former {x_pred}, the latter {y_bare}",
    "compared with {when} {x_np} {x_bare} and {y_np} {y_bare}", "{x_np} ({x_short}) and {y_np} ({y_short})",
)  # fmt: skip
PAIR_MIXED = (
    "{x_np}, {x_tail}, and {y_np}", "{y_np}, and then {x_np}, which {x_pred}", "{x_pre}, besides that {y_np}",
    "{x_np} and {y_np}; the former {x_bare}, for the latter I make no comparison",
    "{y_clause} and {x_clause}, {x_the} {x_tail}",
    "{y_np} and {x_np}; the latter {x_pred}, on the former no comparison",
    "{x_clause}. {y_clause}. {x_the} {x_pred}",
)  # fmt: skip
TRIPLE = (
    "{x_np}, {y_np} and {z_np}", "three things: {x_frag}; {y_frag}; {z_frag}", "{x_clause}, {y_np} and also {z_np}",
    "{x_a}, {y_a} and {z_a}, {x_at}, {y_at} and {z_at} respectively",
)  # fmt: skip
# What is normal, structure by structure or several at once, and beside findings (`unit`, or `np` alone).
NORMAL = {
    "lungs": ("the lungs are clear", "no consolidation, nodule or opacity", "both lungs are clear"),
    "pleura": ("the pleura is normal", "no effusion or pneumothorax", "pleura clear",
        "on both sides the pleura is normal"),
    "heart": ("the heart is normal", "heart not enlarged", "no cardiomegaly", "the heart is not enlarged"),
}  # fmt: skip
ENDS = {"base": "end", "apex": "end", "wall": "wall"}
OF = {kind: KINDS[kind].structure or "devices" for kind in KINDS}
LACK = {"lungs": "consolidation nodule opacity", "pleura": "effusion pneumothorax", "heart": "cardiomegaly"}
GROUPED = ("{list} are normal", "no {lack}", "{list} unremarkable", "nothing wrong with {list}")
BESIDE = (
    "{unit}, {ok}", "{unit}; otherwise {ok}", "{unit}, but {ok}", "{ok}, but {unit}", "apart from {np}, {ok}",
    "{unit} and {ok}", "with the exception of {np}, {ok}", "aside from {np}, {ok}",
)  # fmt: skip
LABELS = {
    "lungs": ("Lungs", "LUNGS"),
    "pleura": ("Pleura", "PLEURA"),
    "heart": ("Heart", "HEART"),
    "devices": ("Devices", "LINES AND TUBES"),
}  # fmt: skip
FIRST = ("okay so starting with the {}, ", "alright, the {} first, ", "so, {} first, ", "okay, the {}, ")
NEXT = (
    "then the {}, ", "on to the {}, ", "and the {}, ", "going to the {}, ", "sorry, skipped the {}, ",
    "no wait, the {} should have come before that, ", "out of order now, the {}, ", "back up, the {}, ",
)  # fmt: skip
FILLER = (
    "single portable view", "ribs and spine as expected", "ribs without fracture", f"read from home for Dr. {MARK}",
    "patient is rotated", "soft tissues as expected", f"dictated at {MARK}, signed later",
)  # fmt: skip
NOTHING = ("no acute disease", "normal chest", "negative film", "nothing acute")
