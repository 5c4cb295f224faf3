"""A grammar of what users ask for: the patterns of every action, in `mini.train.grammar`'s notation.

Slots: `{c}` and `{d}` are candidates (by number, or the chosen one), `{s}` a subject, `{w}` new weights, and the names
in `WORDS` are phrases that many patterns share. `DO` patterns are commands, `ASK` patterns are whole sentences.
"""

WORDS = {
    "show": "show|show me|print|draw|display|list|give me|let me see|plot|open|bring up|present|write"
    " down|output"
    "|render|paint|get|get me|tell me|fetch|put up|read out|let us see|see|view|look at|inspect|look up"
    "|check",
    "want": "I want|I need|I would like|I'd like|I wish|we need|we want|I have|I would love|I'd love|let"
    " me|I am here",
    "see": "see|look at|view|have|get|read|check|know|inspect|study|look into|take a look at|have a look"
    " at|examine",
    "graph": "graph|knowledge graph|knowledge|facts|edges|triplets|nodes and edges|nodes|relations|triples"
    "|graph of knowledge|network|edges of the graph|facts of the graph",
    "sample": "the sample|this sample|our sample|the original|the given sample|the sample itself|the source"
    "|the original sample|the input|this one|what is left|the present part|the part that is left|the"
    " known part",
    "similarity": "similarity|difference|overlap|likeness|agreement|distance|match|resemblance|common part",
    "alike": "similar|alike|close|near|like|different|equal|related|unlike|far apart|close together|the same",
    "score": "score|scores|value|values|rating|ratings|points|marks|grade|figure|figures|number|numbers"
    "|result|results"
    "|quality|measure|level|opinion",
    "scorer": "clip|blip|CLIP|BLIP|clip and blip|CLIP and BLIP|blip and clip",
    "good": "good|well|strong|bad|high|fine|sound|weak|great|poor|right|convincing|fitting|low",
    "new": "another|a new|one more|a further|an extra|a different|an additional|a fresh|a second|some new"
    "|yet another",
    "thing": "candidate|one|version|picture|text|variant|completion|try|attempt|candidate for it|proposal"
    "|idea|image",
    "make": "make|create|generate|draw|produce|imagine|invent|add|try|write|build|do|give me|get me|show"
    " me|compose"
    "|let us have|let us make|let us try|we want|I want|I need|I'd like|I would like|I would prefer|I"
    " wish for|we need",
    "about": "with|about|around|of|for|on|featuring|showing|that shows|that has|built around|centred on"
    "|focused on"
    "|that is about|that is mostly|mostly about|which shows|mainly about|concerning|with more of"
    "|dominated by",
    "again": "again|anew|once more|one more time|afresh|another time|newly|a second time|from the start|over",
    "subject": "subject|main subject|main thing|topic|centre|focus|main object|theme|main character|hero|lead"
    "|main figure|main motif|foreground",
    "rank": "rank|rerank|order|sort|choose|select|pick|decide|weigh|rate|reorder|judge|select the best"
    "|take the best"
    "|find the best|compute the quality|choose the best|pick the winner|compute the ranking|make the choice",
    "them": "|them|the candidates|all|all candidates|all of them|it|everything|the list|the best one",
    "who": "who wins|which one wins|which is best|which one is best|who is first|what is chosen|which"
    " candidate wins"
    "|what comes first|which one would win|who would win|what would be chosen|which candidate is best|the"
    " best one"
    "|which is the best|which one comes first|what changes|what happens|how does the ranking change",
    "like": "similar|related|comparable|alike|close|matching|neighbouring|near|resembling|such|akin|like"
    "|analogous",
    "samples": "samples|examples|cases|items|entries|ones|rows|complete samples|full samples|whole"
    " samples|neighbours"
    "|samples that are complete|complete examples|complete ones|others|other samples|things|whole ones|data"
    "|samples with both parts|pairs|other examples|complete rows|finished samples|twins",
    "data": "the data|the data set|the dataset|the collection|the set|our data|the database|the archive"
    "|the corpus"
    "|the rest|the other samples|all samples|the training data|the complete ones|the library|the store"
    "|the table",
    "choice": "choice|decision|selection|pick|result|winner|outcome|ranking|verdict|judgement|final"
    " choice|preference",
    "chose": "choose|pick|select|take|prefer|decide for|go for|keep|favour|like|rank first|want|settle on"
    "|use|trust",
    "chosen": "chosen|picked|selected|taken|preferred|kept|favoured|best|first|the winner|on top|ranked"
    " first|the best",
    "explain": "explain|justify|defend|motivate|give reasons for|argue for|account for|comment on|give"
    " the reason for"
    "|tell me the reason for|show the reasons for|describe|back up|make clear|clarify|tell me more about"
    "|reason about"
    "|tell me about|say more about|go through|walk me through|give me the reasons for|support|help me"
    " understand",
}

BEFORE_DO = (
    "||please|can you|could you|could you please|would you|will you|I want you to|I'd like you to|now"
    "|then|and now"
    "|ok,|well,|hey,|next,|so|just|kindly|quickly|first|and|also|can you please|please do|would you"
    " please|all right,"
    "|go on and|help me and|you should|you can|try to|be so kind and|now please|yes,|hi,|once more,|it is"
    " time to"
)
AFTER_DO = (
    "|||please|for me|now|if you can|, thanks|, thank you|then|, will you|for a moment|next|, please|here"
    "|quickly|too"
    "|, if possible|as well|right now|at once|first|this time|, would you|for us|today"
)
BEFORE_ASK = (
    "|||and|so|ok,|well,|hey,|now,|tell me,|please tell me,|I wonder,|one question:|but|then|hm,|please,"
    "|say,|look,"
    "|just curious:|next:|a question:|hi,|all right,|also,|again,|quickly,"
)
AFTER_ASK = (
    "||||, please|then|now|exactly|, by the way|, I wonder|, tell me|, would you say|, do you know"
    "|actually|here|really"
    "|in your view|, I ask you|in the end|, just tell me|at all|, can you tell|so far"
)

SAMPLE_GRAPH_DO = (
    "{show} (the|its|all|all the|) {graph} (of|for|from|in|behind|about|to|you found in|you have of|known"
    " of) {sample}",
    "{show} (the|its|all|this|all the) {graph}",
    "{show} {sample} as a graph",
    "{show} what (you know|is known|was read|you have read|you found|we know|was found|is stored) (about"
    "|of|from|in)"
    " {sample}",
    "{show} {sample}'s {graph}",
    "(extract|dump|visualise|sketch|picture|describe|name|report) the {graph} (of {sample}|)",
)
SAMPLE_GRAPH_ASK = (
    "{want} to {see} (the|its|all|all the) {graph} (of|from|for|in|behind) {sample}",
    "{want} to {see} (the|its|all|all the) {graph}",
    "{want} (the|its|all|all the) {graph} (of|from|for) {sample}",
    "what (does|did) (the|its) {graph} (of {sample}|) (look like|contain|say|show|hold|tell|mean|know)",
    "how does (the|its) {graph} (of {sample}|) look",
    "what (is|do you have|do we have|can be found|stands) in the {graph} (of {sample}|)",
    "what do (you|we) (know|have|remember) (about|of|on) {sample}",
    "what (was|is|has been|did you|have you) (known|extracted|read|found|noted|learnt|see|seen) (about|of"
    "|from|in) {sample}",
    "which (facts|edges|triplets|nodes|objects|relations|things) (does|has|did) {sample} (have|got"
    "|contain|hold|show)",
    "which (facts|edges|triplets|nodes|objects|relations|things) (are|were|have been) (known|noted"
    "|extracted|read|there)"
    " (of|from|in|about|for) {sample}",
    "what are the {graph} (of|in|from) {sample}",
    "what is the {graph} (of|in|from|for) {sample}",
    "(can|may|could) (I|we) {see} (the|its) {graph} (of {sample}|)",
    "(the|) {graph} of {sample}",
    "(the|) {graph}",
    "(how|what) about the {graph} of {sample}",
    "is there a {graph} (of|for) {sample}",
    "where (is|are) the {graph} (of {sample}|)",
)
GRAPH_DO = (
    "{show} (the|its|all|all the|) {graph} (of|for|from|in|behind|about|to|you found in|you read from"
    "|known of) {c}",
    "{show} {c}'s {graph}",
    "{show} {c} as a graph",
    "{show} what (you know|is known|was read|you have read|you found|we know|was found) (about|of|from"
    "|in) {c}",
    "(extract|dump|visualise|sketch|picture|describe|name|report) the {graph} of {c}",
    "for {c} {show} the {graph}",
    "take {c} and {show} (its|the) {graph}",
    "{show} me the {graph} that (was read|you read|was found|you found|belongs|is) (from|in|to|of) {c}",
)
GRAPH_ASK = (
    "{want} to {see} (the|all|all the) {graph} (of|from|for|in|behind) {c}",
    "{want} to {see} {c}'s {graph}",
    "{want} (the|all|all the) {graph} (of|from|for) {c}",
    "what (does|did) the {graph} of {c} (look like|contain|say|show|hold|tell|mean|know)",
    "what does {c}'s {graph} (look like|contain|say|show|hold|tell)",
    "how does the {graph} of {c} look",
    "how does {c} look as a graph",
    "what (is|do you have|do we have|can be found|stands) in the {graph} of {c}",
    "what do (you|we) (know|have|remember) (about|of|on) {c}",
    "what (was|is|has been|did you|have you) (known|extracted|read|found|noted|learnt|see|seen) (about|of"
    "|from|in) {c}",
    "which (facts|edges|triplets|nodes|objects|relations|things) (does|has|did) {c} (have|got|contain"
    "|hold|show)",
    "which (facts|edges|triplets|nodes|objects|relations|things) (are|were|have been) (known|noted"
    "|extracted|read|there)"
    " (of|from|in|about|for) {c}",
    "what are the {graph} (of|in|from) {c}",
    "(can|may|could) (I|we) {see} (the {graph} of {c}|{c}'s {graph})",
    "(the|) {graph} (of|for) {c}",
    "{c}'s {graph}",
    "{c}: {graph}",
    "(how|what) about the {graph} of {c}",
    "where (is|are) the {graph} of {c}",
    "has {c} (got|) a {graph}",
)

COMPARE_DO = (
    "(compare|match|contrast|hold|set|put|lay|check|test) (the graph of|the graphs of|) {a} (with|and|to"
    "|against|beside)"
    " (the graph of|that of|the one of|) {b}",
    "compare the {graph} of {a} and {b}",
    "(measure|compute|calculate|get|find|show|tell me|give me|work out|determine|estimate|report|see"
    "|print) the"
    " {similarity} (of|between|in) (the graphs of|the {graph} of|the two graphs of|) {a} and {b}",
    "(tell me|say|show|show me|check|see|find out|let me know|compute|measure) how {alike} (the graphs of"
    "|) {a} and {b}"
    " (are|look|seem)",
    "(tell me|say|show|show me|check|see|find out|let me know) how {alike} {a} is to {b}",
    "(tell me|say|show|show me|check|see|find out|let me know) (what|how much|where|whether|if) {a} and {b}"
    " (share|differ|agree|have in common|overlap|match)",
    "(tell me|say|show|show me|check|see|find out|let me know) (how well|how much|whether|if|how closely) {a}"
    " (fits|matches|resembles|is like|agrees with|follows|equals|differs from) {b}",
    "take (the graph of|) {a} and compare it (with|to|against) (the graph of|that of|) {b}",
    "(run|do|make) a comparison (of|between) {a} and {b}",
)
COMPARE_ASK = (
    "how {alike} are (the graphs of|the {graph} of|) {a} and {b}",
    "how {alike} is (the graph of|) {a} to (that of|the graph of|) {b}",
    "how {alike} (does|is) {a} (come|look|get|) (to|when compared to|next to|compared with) {b}",
    "what is the {similarity} (of|between) (the graphs of|) {a} and {b}",
    "how (large|big|great|high|small) is the {similarity} (of|between) (the graphs of|) {a} and {b}",
    "is there (a|any|some) {similarity} (of|between) {a} and {b}",
    "do {a} and {b} (agree|match|overlap|differ|have much in common|share edges|share facts|look alike"
    "|fit together)",
    "in what do {a} and {b} (differ|agree)",
    "where do {a} and {b} (differ|agree|overlap)",
    "what (is|) (different|the same|shared|common|equal|unlike) (between|in|for) {a} and {b}",
    "what do {a} and {b} share",
    "how much do {a} and {b} (differ|overlap|share|agree)",
    "how far (is|are) {a} from {b}",
    "does (the graph of|) {a} (fit|match|resemble|look like|agree with|follow|equal|differ from|go with)"
    " (that of|) {b}",
    "how (well|much|closely|far) does (the graph of|) {a} (fit|match|resemble|agree with|follow|differ"
    " from|go with)"
    " (that of|) {b}",
    "{a} (versus|vs|or|compared to|compared with|and) {b}",
    "(comparison|similarity|difference) of {a} and {b}",
    "is (the graph of|) {a} (like|close to|the same as|similar to|different from|near|equal to) (that of"
    "|) {b}",
    "are (the graphs of|) {a} and {b} {alike}",
    "which {graph} do {a} and {b} (share|have both|have in common)",
    "which {graph} (are|is) (only|just) in {a} and not in {b}",
    "what does {a} have that {b} (has not|lacks|does not have)",
    "{want} to (compare|match) {a} (and|with|to) {b}",
    "{want} to know how {alike} {a} and {b} are",
    "{want} the {similarity} (of|between) {a} and {b}",
    "can (I|we) (compare|match) {a} (and|with|to) {b}",
)
SAMPLE_COMPARE_DO = (
    "(compare|match|check) {c} with what we have",
    "(check|test|see|tell me) (whether|if|how well) {c} keeps the {graph} of {sample}",
)
SAMPLE_COMPARE_ASK = (
    "how true is {c} to {sample}",
    "does {c} keep the {graph} (of {sample}|)",
    "how much of {sample} (is|stays|is kept|is left) in {c}",
    "which {graph} (of {sample}|) (does {c} lack|are missing in {c}|does {c} miss)",
    "what does {c} (lack|miss|add|change) (against|compared to|compared with|to) {sample}",
)

SCORE_DO = (
    "{show} (the|its|all|all the|) {score} (of|for|from) {c}",
    "{show} (the|) {scorer} {score} (of|for|from) {c}",
    "{show} the {score} of {c} (by|in|with|from) {scorer}",
    "{show} {c}'s {scorer} {score}",
    "{show} {c}'s {score}",
    "(score|rate|grade|evaluate|assess|judge|mark|measure) {c}",
    "(score|rate|grade|evaluate|assess|judge|mark|measure) {c} (with|by|using) {scorer}",
    "(tell me|say|show|show me|check|see|find out|let me know) how {good} {c} (is|scores|does|did|was|fits)",
    "(tell me|say|show|show me|check|see|find out|let me know) what {scorer} (says|thinks|gives|found"
    "|tells) (of|about|for)"
    " {c}",
    "(run|use|ask|apply) {scorer} (on|for|about|with) {c}",
    "(compute|calculate|work out|measure|determine) (the|) {scorer} (score|scores|value|similarity|) (of"
    "|for) {c}",
    "take {c} and {show} (its|the) {score}",
    "for {c} {show} the {scorer} {score}",
)
SCORE_ASK = (
    "what (is|are|was|were) the {score} (of|for|from) {c}",
    "what (is|are|was|were) the {scorer} {score} (of|for|from) {c}",
    "what is {c}'s {scorer} {score}",
    "what (score|clip|blip|rating|quality|CLIP score|BLIP score|{scorer} {score}) (does|did) {c} (have"
    "|get|reach|achieve|show)",
    "which {score} (does|did) {c} (have|get|reach|achieve|receive)",
    "how {good} (is|was) {c}",
    "how {good} is {c} (by|in|for|with|according to) {scorer}",
    "how {good} (does|did) {c} (score|do|rank|perform|fare|come out|fit) (in|by|on|with|under|)",
    "how {good} (does|did) {c} (score|do|rank|perform|fare) (in|by|on|with|under) {scorer}",
    "what (does|do|did) {scorer} (say|think|give|tell|find|answer) (about|of|for|to|on) {c}",
    "how (does|do|did) {scorer} (rate|score|judge|see|grade|like|find|value) {c}",
    "does {scorer} (like|accept|prefer|approve of) {c}",
    "is {c} (any|) {good}",
    "is {c} (a|) {good} (candidate|one|) (by|for|in) {scorer}",
    "is the {scorer} {score} of {c} {good}",
    "(the|) {scorer} (of|for) {c}",
    "(the|) {scorer} {score} (of|for) {c}",
    "(the|) {score} of {c}",
    "{c}: {scorer} {score}",
    "{c}'s {score}",
    "{c}, {score}",
    "{want} to {see} the {score} (of|for) {c}",
    "{want} to {see} the {scorer} {score} (of|for) {c}",
    "{want} (the|) {scorer} (score|value|scores|) (of|for) {c}",
    "{want} to know how {good} {c} is",
    "(can|may|could) (I|we) {see} the {score} of {c}",
    "how (many|few) points (has|did) {c} (got|get|)",
    "(how|what) about the {score} of {c}",
    "with {scorer}, how {good} is {c}",
    "in {scorer}, (what|which) {score} has {c}",
)

MAKE_DO = (
    "{make} {new} {thing} {about} (the|a|) {s}",
    "{make} {new} {thing} {about} (the|a|) {s} as (the|its|) {subject}",
    "{make} {new} {thing} (where|in which) the {s} is (the|its|) {subject}",
    "{make} {new} {thing} with (the|a|) {s} in (the centre|focus|the foreground|the first place|the lead"
    "|the spotlight)",
    "{make} {new} {thing}, but {about} (the|a) {s}",
    "{make} {new} {thing} and (use|take|put|let) the {s} (as|be|for) (the|its|) {subject}",
    "(regenerate|redo|repeat|redraw|rewrite|remake|recreate|generate|try|draw|imagine|do|make) (it|this"
    "|that|) {again}"
    " {about} (the|a|) {s}",
    "(regenerate|redo|repeat|redraw|rewrite|remake|recreate|vary) (it|this|that|the candidate|) (with"
    "|around|for|about)"
    " (the|a|) {s} (as (the|its|) {subject}|)",
    "(regenerate|redo|repeat|redraw|remake) (it|this|) with (the|) {subject} {s}",
    "(use|take|choose|set|have) (the|a|) {s} as (the|its|your|) {subject}",
    "(use|take|choose|set|have) (the|a|) {s} as (the|its|) {subject} and (generate|try|draw|imagine|make"
    " it|do it) {again}",
    "(make|let) the {s} (be|) the {subject}",
    "(put|place|bring|move) the {s} (first|in the middle|in the centre|into focus|at the centre|to the"
    " front)",
    "(focus|concentrate|build|centre) (it|) on the {s}",
    "(change|switch|set|turn) the {subject} to (the|) {s}",
    "(try|test|take|have) (the|a|) {s} (instead|this time|as well|for a change)",
    "let it be (about|around|for) the {s}",
    "give the {s} (the lead|the main place|the main role|more room|more weight in a new candidate)",
    "{make} {new} {thing}: {s}",
)
MAKE_ASK = (
    "how would it (look|be|read) with the {s} as (the|its|) {subject}",
    "what would it (look|be|read) like with the {s} as (the|its|) {subject}",
    "what (would|does) {new} {thing} {about} the {s} look like",
    "(can|could|may) (we|I|you) (have|get|see|try|make|do|draw) {new} {thing} {about} (the|a|) {s}",
    "(can|could|may) (we|I|you) (have|get|see|try|make) one {about} (the|a|) {s}",
    "what if it (was|were|is) (about|around) the {s}",
    "what if the {s} (were|is|was|would be) (in the centre|the focus|the topic|the hero)",
    "(the|) {subject} (should|must|shall|could) be (the|a|) {s}",
    "the {s} (should|must|shall|could) be the {subject}",
    "{subject}: {s}",
    "{new} {thing} {about} (the|a|) {s}",
    "(now|next|then) (one|a candidate|a version|a picture) {about} (the|a|) {s}",
    "is {new} {thing} {about} the {s} possible",
    "{want} {new} {thing} {about} (the|a|) {s}",
    "{want} to (see|have|try|get|make) {new} {thing} {about} (the|a|) {s}",
    "{want} the {s} (as (the|) {subject}|in the centre|in the foreground)",
    "why not try (the|a|) {s} as (the|) {subject}",
    "there should be (more of the {s}|{new} {thing} {about} the {s})",
    "I would (like|prefer|rather see|love) the {s} as (the|) {subject}",
)

RANK_DO = (
    "{rank} {them} {again} with {w}",
    "{rank} {them} with {w}",
    "{rank} {them} (by|at|using|under|for) (the weights|weights|these weights|the weight|) {w}",
    "{rank} {them} {again} (by|at|using|under) (weights|the weights|) {w}",
    "(set|change|put|turn|make|move|adjust) the (weights|weight) to {w}",
    "(use|take|apply|try) (the|these|) weights {w}",
    "(use|take|apply|try) {w} as (the|new) weights",
    "(use|take|apply|try) {w} {again}",
    "(use|take|apply|try) {w} and {rank} {them} {again}",
    "(tell me|show|show me|say|see|check) {who} (with|at|for|under) {w}",
    "with {w} {rank} {them} {again}",
    "weigh {w}",
    "reweigh (it|them|the candidates|) with {w}",
)
RANK_ASK = (
    "{who} (with|at|for|under|if we take|if I use|given) (weights|the weights|) {w}",
    "with {w}, {who}",
    "weights: {w}",
    "(new|other|different) weights: {w}",
    "{w}, then {rank} {them} {again}",
    "{w}",
    "what if (the weights are|we use|we take|I use|I take) {w}",
    "(can|could) (we|you|I) {rank} {them} {again} with {w}",
    "{want} to {rank} {them} with {w}",
    "{want} (the weights|weights|) {w}",
    "{want} {w} and {rank} {them} {again}",
    "the weights (should|must|shall) be {w}",
)
"""`{w}`: two or three terms with their values."""
ONE_DO = (
    "(set|change|put|turn|make|raise|lower|move|fix) the weight of {t} to {v}",
    "(set|change|put|turn|raise|lower|move|fix) {t} to {v}",
    "(give|assign) {t} (a|the) weight (of|) {v}",
    "(give|assign) (a|the) weight (of|) {v} to {t}",
    "(count|weigh|use|take) {t} (with|by|at|as) (a weight of|weight|) {v}",
    "{rank} {them} {again} with (the|a|) {t} weight (of|at|set to|) {v}",
    "{rank} {them} {again} with {t} at {v}",
    "(use|take) {v} (as the weight of|for|as weight for) {t}",
    "(make|let) {t} count {v}",
)
ONE_ASK = (
    "{t} (should|must|shall|has to) (count|weigh|have weight|get weight|get) {v}",
    "what if {t} (has|had|gets|got) (a|the|) weight (of|) {v}",
    "what if the weight of {t} (is|was|were) {v}",
    "{who} (if|when) {t} (counts|weighs|gets weight|gets|is weighed) {v}",
    "{who} with {t} (at|of|set to) {v}",
    "the weight of {t} (should be|is now|must be|becomes) {v}",
    "{want} {t} (at|to weigh|to count|with weight) {v}",
    "weight (of|for) {t}: {v}",
    "I (trust|like|believe|value) {t} (more|less|a lot|little), (so set it to|give it|weigh it|let it"
    " have) {v}",
)
"""`{t}`: one term, `{v}`: its value."""
WITHOUT_DO = (
    "(ignore|drop|skip|exclude|omit|forget|remove|disregard|neglect|switch off|turn off|take out|leave"
    " out|cut) {t}",
    "(ignore|drop|skip|exclude|omit|forget|remove|disregard|neglect|switch off|turn off|take out|leave"
    " out) {t} and"
    " ({rank} {them} {again}|{rank} {them}|tell me {who})",
    "(do not|don't|never) (use|count|weigh|consider|look at|take|trust) {t}",
    "{rank} {them} {again} without {t}",
    "{rank} {them} without {t}",
    "(set|put|turn) {t} to (zero|0|nothing)",
    "give {t} no weight",
    "take {t} away",
)
WITHOUT_ASK = (
    "{who} without {t}",
    "{who} (if|when) (we|you|I) (ignore|drop|skip|exclude|leave out|forget) {t}",
    "without {t}, {who}",
    "no {t}",
    "no {t} any more",
    "{t} (should|must|shall) not (count|matter|be used|play a role)",
    "{t} does not matter",
    "what (would|will) (win|be chosen|change|happen) without {t}",
    "what if {t} (did|does) not count",
    "I do not (trust|like|believe|want|need) {t}",
    "(can|could) (we|you) (ignore|drop|skip|leave out) {t}",
)
ONLY_DO = (
    "{rank} {them} (only|just|solely) (by|with|on|using) {t}",
    "{rank} {them} by {t} (alone|only)",
    "{rank} {them} {again} (by|with) {t} (alone|only)",
    "(use|count|weigh|consider|look at|take|trust) (only|just|nothing but) {t}",
    "(use|count|weigh|consider|look at|take|trust) {t} (only|alone)",
    "give all (the|) weight to {t}",
    "(let|make) (only|just) {t} (count|decide|matter)",
    "(ignore|forget|drop) (everything|all|the rest) (but|except) {t}",
)
ONLY_ASK = (
    "only {t} (counts|should count|shall decide|is important|must count|decides)",
    "{t} (alone|only)",
    "just {t}",
    "{who} (by|with|for) {t} (alone|only)",
    "{who} (if|when) only {t} (counts|decides|matters)",
    "nothing but {t} (counts|should count|matters|is important)",
    "{t} is (all|the only thing) that (counts|matters|is important)",
)
EQUAL_DO = (
    "(weigh|count|treat|use) (all|everything|all terms|all three|the terms|all scores|the three) (the"
    " same|equally|alike)",
    "{rank} {them} (with|by|using) (equal|the same|even|like) weights",
    "{rank} {them} {again} with (equal|the same|even) weights (for all|for every term|everywhere|)",
    "(set|put) all (the|) weights to (one|1|1.0)",
    "give (all|every|each) (three|terms|term|of them|score|) (the same|an equal) weight",
    "make the weights (equal|the same|even)",
)
EQUAL_ASK = (
    "(equal|the same|even) weights",
    "{who} with (equal|the same|even) weights",
    "all (weights|terms|scores) (should be|are|must be) (equal|the same|alike)",
    "what if all (weights|terms|scores) (were|are) (equal|the same)",
    "graph, clip and blip (are|should be) equally important",
)

SIMILAR_DO = (
    "(find|show|list|get|give|search|look for|search for|fetch|bring|name|pick|retrieve|collect|suggest)"
    " (me|us|)"
    " (some|the|a few|all|the most|more|other|) {like} {samples}",
    "(find|show|list|get|give|search|look for|search for|fetch|bring|name) (me|us|) {like} {samples} (in"
    "|from|out of)"
    " {data}",
    "(find|show|list|get|give|search|look for|search for|fetch|bring|name) (me|us|) {samples} (that are"
    "|which are) {like}"
    " (to|) (this|it|this one|the sample|ours)",
    "(find|show|list|get|give|search|look for|search for|fetch|bring|name) (me|us|) {samples} (like|close"
    " to|near to|near)"
    " (this|it|this one|the sample|ours)",
    "(find|show|list|get|search|look for|fetch|name) (me|us|) (the|) (closest|nearest|most similar|most"
    " like) {samples}",
    "(find|show|list|get|search|look for|fetch|name) (me|us|) (the|) (closest|nearest|most similar)"
    " {samples} (in|from)"
    " {data}",
    "search {data} for (something|samples|anything|one|cases) (like|similar to|close to) (this|it|the"
    " sample)",
    "(look|search|dig|browse) (in|through|into) {data} for {like} {samples}",
    "(see|check|find out|tell me) (whether|if) there (are|is) {like} {samples} (in {data}|)",
    "(find|show|get) (me|us|) (something|anything) {like}",
    "(retrieve|collect|gather) {samples} from {data} that (look|are) (like|close to|similar to) (this|it"
    "|ours)",
)
SIMILAR_ASK = (
    "are there (any|more|some|other|) {like} {samples}",
    "are there (any|more|some|) {like} {samples} in {data}",
    "are there (any|more|some|) {samples} (like|close to|near|similar to) (this|it|this one|ours)",
    "is there (anything|something|a sample) (like|close to|similar to) (this|it|this one) in {data}",
    "is there (anything|something|a sample) (like|close to|similar to) (this|it|this one)",
    "(which|what) {samples} (are|look|seem|come) (most|very|) {like} (to|) (this|it|this one|the sample"
    "|ours|)",
    "(which|what) {samples} (resemble|are like|look like|are close to|match) (this|it|this one|the sample"
    "|ours)",
    "(which|what) (are|is) the (closest|nearest|most similar) {samples}",
    "(which|what) (are|is) the (closest|nearest|most similar) {samples} in {data}",
    "(what|which) {samples} (in|of|from) {data} (resemble|are like|look like|are close to|match) (this|it"
    "|ours)",
    "{want} to {see} (some|other|the|more|) {like} {samples}",
    "{want} to {see} {samples} (like|close to|similar to) (this|it|this one)",
    "{want} (some|other|the|more|) {like} {samples} (from {data}|)",
    "{like} {samples}",
    "{like} {samples} (in|from) {data}",
    "(nearest|closest|most similar) {samples}",
    "(can|could) (you|we) (find|show|get|see) (some|other|more|) {like} {samples}",
    "(have|do) (you|we) (got|have|know|) (any|some|other|more) {like} {samples}",
    "(have|do) (you|we) (got|have|know|) (any|some|other|more) {samples} (like|close to|similar to) (this"
    "|it|this one)",
    "(what|who) (are|is) (its|the|the sample's) (neighbours|nearest samples|relatives|closest relatives"
    "|neighbour)",
    "(what|which) (comes|is|lies|stands) (close|closest|nearest|next) to (it|this|the sample|this one)"
    " (in {data}|)",
    "where (is|are) {samples} (like|similar to) (this|it)",
    "does {data} (have|hold|contain|know) (anything|something|{samples}) (like|similar to|close to) (this"
    "|it|the sample)",
)

WHY_DO = (
    "{explain} (the|your|this|that) {choice}",
    "(explain|tell me|say|show me|let me know) why (it|this one|this candidate|{best}) (won|came first|leads|is ahead)",
    "(explain|tell me|say|show me|let me know|show|describe) why (it|this|this one|this candidate|that"
    " one|{best}) (is|was)"
    " {chosen}",
    "(explain|tell me|say|show me|let me know|show|describe) why you {chose} (it|this|this one|that one"
    "|{best})",
    "(explain|tell me|say|show me|let me know|show|describe) how you (decided|chose|picked|selected"
    "|ranked|came to this)",
    "(explain|tell me|say|show me|let me know|show|describe) how (it|this one|the winner|{best}) (was"
    "|got) {chosen}",
    "(explain|tell me|say|show me|let me know|show) what (decided|was decisive|made the difference|tipped"
    " the scales|made"
    " you decide)",
    "(explain|tell me|say|show me|let me know) what (made|makes) (it|this one|{best}) (win|the best"
    "|better|the winner)",
    "(give|tell|name|show|list) (me|us|) (the|your|a|some) (reason|reasons|grounds|argument|arguments"
    "|explanation|evidence)",
    "(give|tell|name|show|list) (me|us|) (the|your|a|some) (reason|reasons|grounds|argument|arguments"
    "|explanation|evidence)"
    " (for|of|behind) (the|your|this|that) {choice}",
)
WHY_ASK = (
    "why did (it|this one|this candidate|{best}) (win|come first|come out first|come out on top|beat the others)",
    "what (convinced|persuaded) you (of {best}|to {chose} {best}|)",
    "why (is|was) (it|this|this one|this candidate|that one|{best}) {chosen}",
    "why (did|do|would|have) you {chose} (it|this|this one|that|that one|{best})",
    "why (this|that) (one|candidate|{choice}|)",
    "why {best}",
    "why (not|is it not) (another|another one|a different one|one of the others|the others|the next one)",
    "why are the others (worse|not better|behind|not chosen|lower)",
    "why",
    "how come (it|this one|{best}) (is|was) {chosen}",
    "how (did|do|have) you (decide|choose|pick|select|rank|come to this|get to this|arrive at this|make"
    " the {choice})",
    "how (was|is) (it|this|the {choice}|the winner|{best}) (made|chosen|picked|selected|found|decided"
    "|determined|taken)",
    "what (is|was|are|were) the (reason|reasons|grounds|cause|basis|argument|explanation|evidence) (for"
    "|of|behind)"
    " (the|your|this|that) {choice}",
    "what is (your|the) (reason|argument|explanation|evidence|justification|basis)",
    "what (made|makes) (it|this one|{best}) (so good|win|the best|better|better than the others|the"
    " winner|special)",
    "what (made|makes) you {chose} (it|this one|this candidate|{best})",
    "what (speaks|is) for (it|this one|this candidate|{best})",
    "what is (so good about|better in|the advantage of|good about) (it|this one|{best})",
    "(for|on|with|by) (what|which) (reason|reasons|basis|argument|evidence) (is|was) (it|this one|{best})"
    " {chosen}",
    "(what|who) decided (this|that|it|the {choice})",
    "I (do not|don't|cannot|can not) (see|get|follow|grasp|believe|know) (the|your|this) {choice}",
    "I (do not|don't|cannot|can not) (see|get|follow|grasp|understand|know) why (it|this one|{best}) (is"
    "|was) {chosen}",
    "I (do not|don't|cannot) understand why",
    "I (wonder|am surprised|doubt|want to know|would like to know|need to know|ask myself) why (it|this"
    " one|{best}) (is|was)"
    " {chosen}",
    "{want} to (know|understand|see|hear|learn) (why|how) (it|this one|{best}) (was|is) {chosen}",
    "{want} to (know|understand|see|hear|learn) (the|your) (reason|reasons|grounds) (for|of) (the|your"
    "|this) {choice}",
    "{want} (an explanation|the reasons|reasons|a reason|the grounds) (for|of) (the|your|this) {choice}",
    "(the|your) (reason|reasons|explanation|grounds) (for (the|your|this) {choice}|)",
    "does the {choice} make sense",
    "is the {choice} (right|justified|well founded|sound)",
)
"""`{best}`: the chosen candidate."""
