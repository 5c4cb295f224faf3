"""Requests for the exam of the miniature's talk, written by hand: none of them is in the grammar it is trained on
(`mini.train.requests`; a test proves it), and many are built in another way than any sentence there."""

from dataclasses import dataclass

from tools.talk.actions import ActionName, Term

CHOSEN = 0
"""In place of a candidate's number: the chosen one, whichever that is."""


@dataclass(frozen=True)
class Paraphrase:
    """A request and the action that it asks for."""

    request: str
    action: ActionName
    candidates: tuple[int, ...] = ()
    subject: str = ""
    weights: tuple[tuple[Term, float], ...] = ()


def graph(request: str, *candidates: int) -> Paraphrase:
    return Paraphrase(request, "show_graph", candidates)


def compare(request: str, *candidates: int) -> Paraphrase:
    return Paraphrase(request, "compare_graphs", candidates)


def score(request: str, *candidates: int) -> Paraphrase:
    return Paraphrase(request, "score_candidate", candidates)


def make(request: str, subject: str) -> Paraphrase:
    return Paraphrase(request, "regenerate", subject=subject)


def rank(request: str, **weights: float) -> Paraphrase:
    terms: dict[str, Term] = {"graph": "graph", "clip": "clip", "blip": "blip"}
    return Paraphrase(
        request, "rerank", weights=tuple((terms[name], value) for name, value in weights.items())
    )


def similar(request: str) -> Paraphrase:
    return Paraphrase(request, "find_similar")


def why(request: str) -> Paraphrase:
    return Paraphrase(request, "explain_choice")


def other(request: str) -> Paraphrase:
    return Paraphrase(request, "reply")


PARAPHRASES = (
    graph("I'd like to see what you know about the sample as a graph."),
    graph("Let me have a look at the knowledge graph."),
    graph("How does the graph look that belongs to number four?", 4),
    graph("Draw the nodes and the edges of candidate 2 for me.", 2),
    graph("Which triplets were found in the sample?"),
    graph("graph of the third one, quickly", 3),
    graph("Could you print me candidate 7's graph?", 7),
    graph("Tell me all facts that you took from what is left of the sample."),
    graph("The winner: I want to check its graph.", CHOSEN),
    compare("How close does the graph of candidate 3 come to that of the sample?", 3),
    compare("Do candidates 1 and 4 tell the same facts?", 1, 4),
    compare("What do the second and the fifth have in common?", 2, 5),
    compare("Number six next to the sample: how alike are they?", 6),
    compare("Is there much difference between 2 and 3?", 2, 3),
    compare("Work out how similar candidate 8 and candidate 1 are.", 8, 1),
    compare("In which edges does candidate 5 differ from the sample?", 5),
    compare("candidate two against candidate seven, please compare their graphs", 2, 7),
    compare("Tell me how well the graph of the chosen one fits the sample.", CHOSEN),
    score("How well do CLIP and BLIP like candidate 4?", 4),
    score("What is the opinion of CLIP about the second one?", 2),
    score("Give me the BLIP value that number 5 has.", 5),
    score("I'm curious about the scores of candidate one.", 1),
    score("By clip and blip, how good is the sixth candidate?", 6),
    score("3: what are its scores?", 3),
    score("Which CLIP and BLIP figures has candidate 9 got?", 9),
    score("Rate the winner for me by clip.", CHOSEN),
    score("Does candidate 7 have a high score?", 7),
    make("What if the ghost was the main subject?", "ghost"),
    make("I would rather have one about the moon.", "moon"),
    make("Make another candidate, this time with the key in the middle.", "key"),
    make("Can we try again, now with a crown?", "crown"),
    make("Put the fish in front and generate it anew.", "fish"),
    make("A version that is built around a boat would be nice.", "boat"),
    make("Imagine it once more, but with the car as its subject.", "car"),
    make("We need a candidate that is mostly about the flower.", "flower"),
    make("The heart should lead this time: do a new one.", "heart"),
    rank("If you leave CLIP aside, who wins?", clip=0),
    rank("Graph gets 2 and clip gets 0.5: choose again.", graph=2, clip=0.5),
    rank("I trust BLIP less, so make its weight 0.1.", blip=0.1),
    rank("Leave blip out when you rank.", blip=0),
    rank("All three terms should count the same.", graph=1, clip=1, blip=1),
    rank("Rank the candidates by nothing else than the graph.", graph=1, clip=0, blip=0),
    rank("I want weight 1 for the graph, 0.3 for clip and 0.7 for blip.", graph=1, clip=0.3, blip=0.7),
    rank("Which one is the best when clip has weight three?", clip=3),
    rank("It is only BLIP that matters, so choose again.", graph=0, clip=0, blip=1),
    similar("Are there other samples in the data that are like this one?"),
    similar("Show me complete samples that resemble it most."),
    similar("Which samples of the data set come closest?"),
    similar("Find me its nearest neighbours in the data."),
    similar("Do we have something comparable, with both parts?"),
    similar("Other ones of this kind would interest me."),
    similar("What else in the data set looks like this?"),
    similar("Go through the collection for related samples."),
    similar("A few examples close to this sample would help."),
    why("Why did you take this candidate?"),
    why("What is it that made the winner win?"),
    why("How did you come to this decision?"),
    why("I do not understand the choice."),
    why("Which points speak for the chosen one?"),
    why("Give me reasons for your choice."),
    why("On what grounds was this candidate selected?"),
    why("Why was it not another one?"),
    why("Please justify how you selected it."),
    other("Hello there, how are you?"),
    other("Thank you, that helps a lot."),
    other("What can you do for me?"),
    other("Tell me who you are."),
    other("Good morning to you!"),
    other("Do you know how the weather is in Paris?"),
    other("Great work so far."),
    other("What is the capital of France?"),
    other("ok, I have all I need, bye"),
)
"""Eight actions, nine requests each."""
