"""What a comparing consultant says, as frames and the words that fill them."""

from mini.world import reports as world

Words = dict[str, str]
"""What frames say of one finding, drawn anew for each frame: "thing" is the finding with article, size and place, "the"
the same with "the", "fresh" with its change in front, "a" without the place, "it" is "the nodule"."""


# Changes: before a name, after "is", the same without an earlier film behind it, with that film, and as verbs.
ATTRIBUTE = {"new": ["new"], "unchanged": ["unchanged", "stable"], "larger": ["increasing", "increased"]}
PREDICATE = ATTRIBUTE | {"larger": ["larger", "increasing", "increased"]}
BEFORE = {"new": "not seen before", "larger": "larger than before"}
SINCE = {
    "new": ("new since {when}", "new compared with {when}", "new when set against {when}"),
    "unchanged": ("unchanged since {when}", "stable since {when}", "unchanged from {when}",
        "stable compared with {when}"),
    "larger": ("larger than on {when}", "increased since {when}"),
}  # fmt: skip
VERB = {
    "new": ("{is_} new", "must be called new", "appear{s} new"),
    "unchanged": ("{is_} unchanged", "{is_} stable", "appear{s} unchanged", "remain{s} stable",
        "{has} remained stable"),
    "larger": ("{is_} larger", "{has} increased", "{is_} increasing", "appear{s} larger", "{has} become larger"),
}  # fmt: skip
BE = {"is_": "is", "has": "has", "s": "s"}, {"is_": "are", "has": "have", "s": ""}
# Places: with a preposition; before a name.
AT = {
    "zone": ("in the {side} {zone} zone", "in the {zone} zone of the {side} lung",
        "in the {zone} zone on the {side}", "on the {side} in the {zone} zone", "in the {side} lung ({zone} zone)",
        "in the {zone} zone ({side})", "in the zone called {zone}, of the {side} lung,",
        "in the {side} lung, {zone} zone,"),
    "lobe": ("in the {side} {zone} lobe", "in the {zone} lobe on the {side}"),
    "lung": ("in the {side} lung", "on the {side}", "in the {side} hemithorax", "on the {side} side"),
    "base": ("at the {side} base", "at the base on the {side}", "on the {side}"),
    "both": ("at both bases", "on both sides", "bilaterally"),
    "apex": ("at the {side} apex", "at the apex on the {side}", "on the {side}"),
    "wall": ("in the {side} chest wall", "over the {side} chest", "in the chest wall on the {side}"),
}  # fmt: skip
ADJECTIVE = {"zone": "{side} {zone} zone", "both": "bilateral", "apex": "{side} apical"}
# One finding: plain, with a change in one clause or in more, as notes, and as the exception to a normal structure.
FRAMES = {
    "plain": ("there {be} {thing}", "{thing} {be} seen", "{thing} {be} present", "we see {thing}",
        "the film shows {thing}", "{at} there {be} {a}", "{a} {be} seen {at}", "{at} {be} {a}", "{clause}",
        "{at} one finds {a}", "I note {thing}"),
    "inner": ("there is {fresh}", "{the} {verb}", "{clause}, {since}", "{clause}, which {verb}", "{the} is {since}",
        "{thing}, {p} {vs}, is present", "{thing}, which {verb}, is seen", "there is {thing} ({c})",
        "there is {thing} ({since})", "the film shows {fresh}", "{clause}, and this is {since}",
        "{thing} is found which, {vs}, {verb}", "{a}, {c}, is seen {at}"),
    "outer": ("{vs}, {the} {verb}", "{vs}, there is {fresh}", "{since} is {the}", "{c}: {thing}",
        "{since}: {thing}", "{clause}. It is {when} that settles it: {it} {verb}",
        "{clause}. The finding is {since}", "{thing} is seen. {vs}, {it} {verb}", "as for {the}, it {verb} {vs}",
        "{at} is {a}. This one {verb} {vs}", "{p} {vs}, {the_a} lies {at}",
        "{clause}. I turn to {when}: the finding is {c}", "having {when} before me, I find that {the} {verb}",
        "{clause}. Is it {p}? {vs}, yes", "{p}, {vs}, is {the}", "of {the} one can say that it {verb}",
        "{clause}. {vs}, this {verb}"),
    "notes": ("{card}, {noted}: {c}", "{noted}: {n}, {c}", "{c}: {n}, {noted}", "{n} ({noted}), {c}",
        "{noted} - {n} - {c}", "{fresh_n}", "{since}: {full}", "{full}. {c}", "{full}: {c}", "{full}, {p} {vs}",
        "against {when}: {full}, {c}"),
    "plain notes": ("{full}", "{card}, {noted}", "{noted}: {n}", "{noted} - {n}", "{n} ({noted})", "{full} seen"),
    "except": ("the lungs are clear apart from {thing}", "with the exception of {thing}, the lungs are clear"),
}  # fmt: skip
# Two findings: both with one change, with two, the second alone changed, neither, and by sides.
PAIRS = {
    "same": ("{thing1} and {thing2} are both {since1}", "two findings are {since1}: {thing1} and {thing2}",
        "we see {thing1} and {thing2}, both {p1} {vs1}", "{the1} is {c1}, and so is {the2}",
        "{clause1}, and {clause2}; the two findings are {since1}", "not only {the1} but also {the2} is {since1}",
        "{vs1}, {the1} and {the2} are {p1}"),
    "differ": ("{thing1} and {thing2} are seen; the former {verb1}, the latter {verb2}",
        "we see {thing1} and {thing2}, the former {c1} and the latter {c2}",
        "{the1} and {the2} are {c1} and {c2} respectively", "{clause1}, {since1}, and {clause2}, {since2}",
        "the film shows {fresh1} and {fresh2}", "{c1}: {thing1}; {c2}: {thing2}",
        "{thing1} and {thing2} are seen, the latter {since2}, the former {c1}",
        "{the1} {verb1}, whereas {the2} {verb2}", "{vs1}, {it2} is {p2} and {it1} is {p1}: {thing2}, {thing1}"),
    "second": ("{thing1} and {thing2} are seen, the latter {since2}", "we see {thing1} as well as {fresh2}",
        "{thing1} and {thing2} are present. The latter {verb2} {vs2}", "in addition to {thing1} there is {fresh2}",
        "{clause1}, and there is {thing2} that is {since2}", "{thing2} and {thing1} are seen; the former {verb2}",
        "{clause1}. {c2} is {the2}"),
    "neither": ("{thing1} and {thing2} are seen", "we see {thing1} and {thing2}", "{clause1}, and {clause2}",
        "besides {thing1} the film shows {thing2}", "in addition to {thing1} there {be2} {thing2}"),
    "one side": ("on the {side} we see {a1} {alone1} and {a2} {alone2}", "{side} side: {a1} {alone1}; {a2} {alone2}"),
    "two sides": ("on the {side} we see {a1} {alone1}, on the {other} {a2} {alone2}",
        "{a1} {alone1} on the {side} and {a2} {alone2} on the {other}",
        "{a1} and {a2}: the former {alone1} on the {side}, the latter {alone2} on the {other}"),
}  # fmt: skip
# Lists; then what stands alone: normal structures, denials, and sentences that tell nothing.
LISTS = {
    "found": ("{list} are seen", "we see {list}", "the film shows {list}", "these are present: {list}"),
    "compared": ("{vs}, {list}", "comparison is made with {when}: {list}", "since {when}, {list}",
        "comparison: {list}", "read against {when}, the film tells us that {list}", "as to change, {list}",
        "in the interval, {list}", "having compared this film with {when}, I conclude that {list}",
        "I find, {vs}, that {list}", "change since {when}: {list}"),
    "normal": ("{list} are normal", "{list} are unremarkable", "I find {list} normal",
        "as for {list}, they are unremarkable"),
    "otherwise": ("otherwise, I find {list} normal", "otherwise, the film shows {list} to be normal"),
    "concluded": ("{list}", "in short: {list}", "in conclusion, {list}", "the film shows {list}"),
}  # fmt: skip
ALONE = {
    "lungs": ("the lungs are clear", "the lungs are normal", "the lungs appear normal on both sides",
        "no consolidation, nodule or opacity is seen", "there is neither consolidation nor nodule nor opacity",
        "I find the lungs clear"),
    "pleura": ("the pleura looks normal on both sides", "the pleura is unremarkable",
        "there is no effusion or pneumothorax", "there is neither pneumothorax nor effusion", "the pleura is clear"),
    "heart": ("the heart is not enlarged", "the heart is normal", "there is no cardiomegaly",
        "the heart is unremarkable"),
    "terse": ("{} normal", "{}: normal", "{} unremarkable", "{}: unremarkable"),
    "denied": ("there is no {}", "no {} is seen", "no {}", "no {} accompanies this", "I see no {}"),
    "other": ("the skeleton is intact", "technique: one frontal view, taken upright",
        "the requesting doctor, Dr. XXXX, has been told", "the ribs show no fracture",
        "the two films were taken with the same technique", "signed: XXXX"),
    "when": ("XXXX", "the film of XXXX", "the radiograph of XXXX", "the prior study", "the earlier film",
        "last week's radiograph", "yesterday's film", "the film before this one", "the XXXX film", "the last film",
        "the study dated XXXX"),
    "versus": ("compared with {when}", "in comparison with {when}", "when set against {when}",
        "with {when} for comparison"),
    "tube": ("the patient is intubated", "{thing} is in place", "{thing} ends above the carina"),
    "cardiomegaly": ("the heart is {} enlarged", "the cardiac silhouette is {} enlarged"),
}  # fmt: skip
HEADS = {name: "the " + name.split(" of ")[0].split()[-1] for names in world.NAMES.values() for name in names}
DEGREES = {None: [""], "mild": ["mildly", "slightly"], "severe": ["severely", "markedly"]}
JOINTS = ("; ", ", and ", ", while ", ", whereas ", "; also, ", ", and furthermore ")
