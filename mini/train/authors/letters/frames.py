"""What a letter says, as frames and the words that fill them."""

from mini.world.chest import BOTH
from mini.world.reports import MARK

# Frames are written without capital and stop, which `tidy` sets; it merges or drops the last comma of a part.
# {a} "a small nodule", {u} the same without size, {P} its place, {c} its change, {np} all of these.
# {big} "the small nodule". {w} is the earlier film, {lead} the comparison with it, {pred} and {vp} the change,
# {predw} and {vpw} the change since that film.
WHEN = (
    f"the film of {MARK}", MARK, "the prior study", "the earlier film", "last week's radiograph", "the last film",
    f"the radiograph of {MARK}", "the previous radiograph",
)  # fmt: skip
LEADS = (
    "compared with {w}", "in comparison with {w}", "as against {w}", "when {w} is laid beside it",
    "{w} having been consulted", "so far as {w} permits a comparison", "measured by {w}",
    "as a glance at {w} teaches",
)  # fmt: skip
ADJECTIVES = {"new": ("new",), "unchanged": ("unchanged", "stable"), "larger": ("increasing", "increased")}
PREDICATES = {"new": ("new",), "unchanged": ("unchanged", "stable"), "larger": ("larger", "increased")}
PREDICATES_WHEN = {
    "new": ("new since {w}", "new as against {w}", "new in comparison with {w}", "not seen before"),
    "unchanged": ("unchanged since {w}", "stable since {w}", "unchanged as against {w}", "stable compared with {w}"),
    "larger": ("larger than on {w}", "increased since {w}", "larger as against {w}", "larger than before"),
}  # fmt: skip
VERBS = {
    "new": ("{is} new", "{is} to be regarded as new", "must be called new", "{has} proved to be new",
        "{was} not seen before", "can only be new"),
    "unchanged": ("{is} unchanged", "{has} remained stable", "must be called stable", "{has} been found unchanged",
        "{has} remained unchanged", "{is} to be judged stable"),
    "larger": ("{has} increased", "{is} larger", "{has} become larger", "{is} increasing", "must be called larger",
        "{has} been found increased", "{is} larger than before"),
}  # fmt: skip
# A change within the noun phrase. Where several findings share a sentence, only those that cling to their own.
TAILS_CLINGING = (", which {vpw},", " ({predw})", ", which, {lead}, {vp},", " ({pred})")
TAILS = (
    *TAILS_CLINGING, ", {predw},", ", {pred},", ", {pred} {lead},", ", found to be {predw},", ", {lead} {pred},",
    ", a finding which {vpw},",
)  # fmt: skip
CHANGE_FIRST = (
    "{predw} {is} {np}", "{pred}: {np}", "{predw}: {np}", "{lead}, {np} {is} {pred}",
    "{predw}, as I see, {is} {np}", "as {pred} must be described {np}", "{pred} {is}, {lead}, {np}",
    "the comparison with {w} says {pred} of {np}", "{pred} I find, {lead}, {np}",
    "{predw}, and therefore named here, {is} {np}",
    "under the heading \"{pred}\", {w} being at hand, {is} to be entered {np}",
)  # fmt: skip
CHANGE_FIRST_PLACED = (
    "{predw}, {big} {is} found {P}", "{predw}, {big} lies {P}", "{lead} {pred}, {big} {is} situated {P}",
    "{predw} {is} {big} {P}", "{pred} {P}, {lead}: {big}", "{big}, {predw}, {is} to be sought {P}",
)  # fmt: skip
CHANGE_AFTER = (
    "{subject} {vpw}", "{lead}, {subject} {vp}", "{subject}, {lead}, {vp}", "of this it must be said that it {vpw}",
    "I add that {subject} {vpw}", "{predw} is {subject}", "as regards the comparison with {w}, {subject} {vp}",
    "that {subject} {vpw} may not be concealed from you",
    "for the comparison {w} was used, from which it follows that {subject} {vp}", "in comparison: {pred}",
    "comparison with {w}: {pred}", "{pred}, {lead}, is {subject}",
    "when {w} is taken to hand, one learns that {subject} {vp}",
    "since {w} was available, it can be said that {subject} {vp}",
)  # fmt: skip
COMPARISONS = (
    "{heads}", "comparison with {w}; {heads}", "{lead}, {told}", "{told}, as I gather from {w}",
    "with {w} at hand, I may add that {told}",
    "{w} having been placed at my disposal, it can be stated that {told}", "of the course since {w}: {told}",
    "from the comparison with {w} it results that {told}",
)  # fmt: skip
CLAUSE_JOINS = ((", whereas ", " and ", "; ", ", while ", ", but "), ("; ",))
CHANGED_TWO = (
    "both {0} and {1}",
    "{0} and {1} alike",
    "{0} and also {1}",
    "{0} and {1}",
    "{0}, and with it {1},",
)
CHANGED_PAIR = {
    (True, True): (", of which the former {vp1} and the latter {vp2}",
        ", the former being {pred1}, the latter {pred2}", ". The former {vpw1}, whereas the latter {vp2}",
        ". {lead}, the latter {vp2} and the former {vp1}", ". {pred1} is the former, {pred2} the latter, {lead}",
        ", which, {lead}, are {pred1} and {pred2}, respectively", ". The one first named {vpw1}; the other {vp2}"),
    (True, False): (", of which the former {vpw1}", ". The former {vpw1}", ". {predw1} is the former of the two",
        ". Of the two, the former, {lead}, {vp1}", ", the former being {predw1}"),
    (False, True): (", of which the latter {vpw2}", ". The latter {vpw2}", ". {predw2} is the latter of the two",
        ". Of the two, it is the latter that, {lead}, {vp2}", ", the latter being {predw2}"),
}  # fmt: skip
PLACES = {
    "": ("",),
    "zone": ("in the {s} {z} zone", "in the {z} zone of the {s} lung", "in the {z} zone on the {s}",
        "in the {s} lung ({z} zone)", "in the {z} zone ({s})", "within the {z} part of the {s} lung",
        "on the {s}, namely in the {z} zone,", "in the zone called {z}, of the {s} lung,",
        "in the {s} lung, of which the {z} zone is meant,", "in the {z} zone, and that on the {s},"),
    "side": ("in the {s} lung", "on the {s}", "on the {s} side", "in the {s} hemithorax"),
    "base": ("at the {s} {at}", "at the {at} of the {s} lung", "at the {at} on the {s}", "on the {s}",
        "at the {at} ({s})", "on the {s} side", "at the {at}, and that on the {s},",
        "on the {s}, namely at the {at},"),
    "wall": ("over the {s} chest", "in the {s} chest wall", "in the chest wall on the {s}", "on the {s}",
        "in the chest wall ({s})", "on the {s}, in the chest wall,"),
    BOTH: ("on both sides", "at both bases", "bilaterally", "at the base on both sides"),
}  # fmt: skip
ZONE_NAMES = {"upper": ("upper",), "mid": ("mid", "middle"), "lower": ("lower",)}
LETTER, ABROAD = "letter", "abroad"
SEEN = {
    LETTER: ("there {is} to be reported {np}", "{np} {is} seen", "what strikes the eye is {np}",
        "I cannot pass over {np}", "it is {np} to which I would draw your attention", "{np} could be demonstrated",
        "I find {np}", "the film, having been viewed in good light, shows {np}",
        "the radiograph on which you asked my opinion shows {np}"),
    ABROAD: ("to be seen {is} {np}", "visible {is} {np}", "one sees {np}", "by us {is} described {np}",
        "present {is} {np}", "as a finding {is} to be noted {np}", "one recognizes {np}", "finding: {np}",
        "from the film results the following: {np}"),
}  # fmt: skip
SEEN_PLACED = {
    LETTER: ("{P} {is} seen {a}{c}", "{P} there can be made out {a}{c}",
        "that {P} {a}{c} {is} present cannot be doubted", "{a}{c} {is} situated {P}",
        "{a}{c}, situated {P}, {is} demonstrated", "situated {P} {is} {a}{c}",
        "{P}, as you had supposed, {is} found {a}{c}"),
    ABROAD: ("{P} {is} to be seen {a}{c}", "{P} one finds {a}{c}", "{P}: {a}{c}",
        "{a}{c} {is} {P} to be recognized", "{P} {is} present {a}{c}"),
}  # fmt: skip
SEEN_ZONED = (
    "of the {s} lung it is the {z} zone in which {a}{c} {is} seen",
    "the {s} lung contains, in its {z} zone, {a}{c}",
    "on the {s} {a}{c} {is} seen, the zone concerned being the {z} one",
    "{a}{c} {is} found on the {s} side, and there in the zone called {z}",
    "I draw your attention to the {s} lung, in the {z} zone of which {is} found {a}{c}",
    "it is the {z} zone, and that of the {s} lung, in which {a}{c} {is} seen",
    "side: {s}; zone: {z}; finding: {a}{c}", "in the {z} zone {is} seen {a}{c}; the side is the {s}",
    "{s} lung: in the {z} zone {a}{c}", "{z} zone, {s} side: {a}{c}",
)  # fmt: skip
SEEN_SIZED = (
    "{u} {P}{c} {is} seen, the extent of which must be called {size}",
    "{u}, {size} by my measure, {is} seen {P}{c}", "there is {u} {P}{c} whose extent I would call {size}",
    "{size}, by my measure, {is} {u} {P}{c}", "{size}: {u} {P}{c}",
)  # fmt: skip
HEARTS = (
    "the heart {is} {deg} enlarged{c}", "the cardiac silhouette {is} {deg} enlarged{c}",
    "{deg} enlarged {is} the heart{c}",
    "the cardiac silhouette, so far as a single film permits one to judge it, {is} {deg} enlarged{c}",
    "that the heart {is} {deg} enlarged{c} must be stated", "as {deg} enlarged the heart{c} has to be described",
)  # fmt: skip
DEGREES = {"mild": ("mildly", "slightly"), "severe": ("severely", "markedly")}
TUBES = (
    "the patient was intubated when the film was taken",
    "the patient, who is intubated, could be examined only in bed", "in the trachea lies an endotracheal tube",
    "an ET tube, ending above the carina, is in place", "intubated, as you know, is the patient",
    "the trachea, through which an endotracheal tube has been passed, is midline",
)  # fmt: skip
PAIRS = {
    LETTER: ("{A} {is1} seen, whereas {B} {is2} found in addition", "besides {A}, {B} {is2} to be mentioned",
        "not only {A} but also {B} must be reported", "the film shows {A} and, in addition, {B}",
        "two things must be reported, namely {A} and {B}", "while {A} {is1} seen, {B} {is2} likewise present",
        "firstly {A}, and secondly {B}, are to be described"),
    ABROAD: ("to be seen are {A} and {B}", "described are {A} as also {B}",
        "present are, firstly, {A} and, secondly, {B}"),
}  # fmt: skip
PAIRS_SPLIT = (
    "{A} and {B} are seen {P1} and {P2}, respectively", "{A} and {B} are seen, the former {P1}, the latter {P2}",
    "of {A} and {B}, the former {is1} found {P1}, whereas the latter {is2} found {P2}",
    "{P1} {A}, {P2} {B}: so reads the film", "{P1} and {P2}, respectively, are situated {A} and {B}",
    "{P1} one meets with {A}, and {P2} with {B}", "whereas {P1} {A} {is1} seen, there {is2} {P2} {B}",
)  # fmt: skip
PAIRS_ACROSS = (
    "the {s1} and the {s2} lung contain, in the {z1} and the {z2} zone respectively, {A} and {B}",
    "the {s1} lung, in its {z1} zone, shows {A}, whereas the {s2} one, in its {z2} zone, shows {B}",
)  # fmt: skip
PAIRS_SAME = (
    "the {s1} lung contains {A} in its {z1} zone and {B} in its {z2} zone",
    "on the {s1} are {A} and {B}, the former in the {z1} zone, the latter in the {z2}",
)  # fmt: skip
TRIPLES = (
    "three things are to be reported: firstly, {A}; secondly, {B}; thirdly, {C}", "there are seen {A}, {B} and {C}",
    "besides {A}, there are to be noted {B} as well as {C}",
    "whereas {A} and {B} are seen, {C} may not be passed over", "to be named are: (1) {A}; (2) {B}; (3) {C}",
    "I find {A}; further, {B}; and lastly, {C}",
)  # fmt: skip
WHOLE = {
    "lungs": ("the lungs", "both lungs"),
    "heart": ("the heart", "the cardiac silhouette"),
    "pleura": ("the pleura on both sides", "the pleura", "the pleural spaces"),
}  # fmt: skip
LACKING = {
    "lungs": ("consolidation", "nodule", "opacity"),
    "pleura": ("effusion", "pneumothorax"),
    "heart": ("cardiomegaly",),
}  # fmt: skip
NORMAL = {
    LETTER: ("{x} {is} {ok}", "{x} may be called {ok}", "{x}, so far as {they} can be judged, {is} {ok}",
        "{x} {has} been found {ok}", "{x} must be described as {ok}", "{x} appear{s} {ok}"),
    ABROAD: ("{ok} {is} {x}", "as {ok} {is} to be described {x}", "{x} present{s} {self} {ok}",
        "{x} {is} judged {ok}"),
}  # fmt: skip
LACKED = (
    "neither {nor} can be found", "no {or_} is seen", "of {or_} there is no sign", "there is no {or_}",
    "no {or_} could anywhere be seen",
)  # fmt: skip
WITH_NORMAL = (
    "{body}, whereas {ok}", "{body}; {ok}", "whereas {ok}, {body}", "{body}; otherwise, {ok}", "{ok}, but {body}",
    "although {ok}, {body}", "{body}, but {ok}",
)  # fmt: skip
APART = (
    "apart from {np}, {ok}", "with the exception of {np}, the film is soon described: {ok}",
    "there {is} {np}, but otherwise {ok}",
)  # fmt: skip
BETWEEN = (
    "{A} {is1} seen, whereas {ok}, and {B} {is2} likewise present", "there {is1} {A}; {ok}; there {is2} also {B}",
    "whereas {A} {is1} seen and {ok}, {B} {is2} to be mentioned too",
)  # fmt: skip
ASIDES = {
    LETTER: (f"for the referral of your patient, who was examined on {MARK}, I thank you",
        "the film, which was taken in the standing position, is of sufficient quality",
        "of the bony thorax, so far as it is included, nothing is to be said",
        f"with collegial regards, Dr. {MARK}", "the mediastinum is midline",
        f"the distribution of this letter was arranged by {MARK}"),
    ABROAD: (f"clinic for radiology, {MARK}, translated from the original", "the skeleton shows itself intact",
        "exposure in the frontal beam path", f"seal and signature: {MARK}", f"the costs are carried by {MARK}"),
}  # fmt: skip
NOTHING = (
    "no acute disease", "normal chest", "in summary, no acute cardiopulmonary abnormality", "negative chest",
    "in conclusion, the chest is normal",
)  # fmt: skip
SUMMARIES = (
    "in summary, {}",
    "I conclude that we are dealing with {}",
    "{}",
    "judgement: {}",
    "to sum up: {}",
)
CHANGED_ALIKE = (
    ". Both {vpw}", ". Both of these findings {vpw}", ", both of which {vpw}", ". {lead}, both {vp}",
    ". {predw} are both the former and the latter", ", both being {predw}",
)  # fmt: skip
SINGULAR = {"is": "is", "has": "has", "was": "was", "they": "it", "s": "s", "self": "itself"}
PLURAL = {"is": "are", "has": "have", "was": "were", "they": "they", "s": "", "self": "themselves"}
Words = dict[str, str]
