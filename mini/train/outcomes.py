"""What the tools of a talk could have given, at random, in the words of `tools.talk.results`, and the reply to it."""

import random

from data.record import Edge, Scores
from mini.train.conversations import edges_of
from mini.world.facts import sample_scene
from tools.talk import results
from tools.talk.actions import TERMS, NextAction
from tools.talk.questions import Sight


def outcome(action: NextAction, sight: Sight, rng: random.Random) -> tuple[str, str]:
    """What the tool of an action could have given, and the reply made from it."""
    absent = [n for n in action.candidates if n > len(sight.subjects)]
    if absent or rng.random() < 0.04:
        problem = some_problem(absent, sight, rng)
        return results.problem_told(problem), sentence(problem)
    if action.action in ("regenerate", "rerank") and rng.random() < 0.12:
        return results.DECLINED, "All right, nothing was changed."
    first = action.candidates[0] if action.candidates else None
    others = [n for n in range(1, len(sight.subjects) + 1) if n != sight.chosen]
    match action.action:
        case "show_graph":
            told = results.graph_told(first, some_edges(rng))
            return told, told.split("\n")[0]
        case "compare_graphs":
            left, right = (None, first) if len(action.candidates) == 1 else (first, action.candidates[1])
            mine, theirs = some_edges(rng)[: rng.randint(0, 3)], some_edges(rng)[: rng.randint(0, 3)]
            told = results.comparison_told(left, right, rng.uniform(0, 100), rng.randint(0, 9), mine, theirs)
            return told, told.split("\n")[0]
        case "score_candidate":
            assert first is not None
            of = len(sight.subjects)
            told = results.scores_told(first, some_scores(rng), rng.randint(1, of), of)
            return told, told
        case "regenerate":
            number = len(sight.subjects) + 1
            chosen = rng.choice((number, sight.chosen or number))
            told = results.made_told(number, action.subject, rng.uniform(20, 400), chosen)
            return told, told
        case "rerank":
            weights: dict[str, float] = {term: rng.randint(0, 20) / 10 for term in TERMS}
            weights |= {weight.term: weight.weight for weight in action.weights}
            chosen_now = rng.choice([*others, sight.chosen]) if sight.chosen else None
            told = results.reranked_told(weights, sight.chosen, chosen_now, rng.uniform(20, 400))
            return told, told.partition(" Weights:")[0]
        case "find_similar":
            found = [
                (f"{rng.randint(1, 9_999_999):07}", rng.uniform(20, 99))
                for _ in range(rng.choice((3, 3, 2, 1)))
            ]
            found.sort(key=lambda one: -one[1])
            by = rng.choice(("CLIP", "words"))
            return results.similar_told(by, found), results.similar_told(by, found)
        case _:
            if sight.chosen is None:
                return results.problem_told(results.NO_CHOICE), sentence(results.NO_CHOICE)
            second = rng.choice(others) if others else None
            parts: dict[str, float] = {term: rng.choice((0.5, 1.0, 1.0, 2.0, 0.0)) for term in TERMS}
            of = rng.randint(1, 12)
            notes = [results.kept_told(rng.randint(0, of), of)] if rng.random() < 0.8 else []
            rival = rng.uniform(5, 150)
            told = results.choice_told(sight.chosen, some_scores(rng), parts, second, rival, notes)
            return told, told.partition(" It is ")[0]


def sentence(problem: str) -> str:
    """A problem as a reply has it."""
    return problem[0].upper() + problem[1:]


def some_problem(absent: list[int], sight: Sight, rng: random.Random) -> str:
    """What can be wrong with an action, as the tools say it."""
    if absent:
        return results.no_candidate(absent[0], len(sight.subjects))
    return rng.choice(
        (
            results.NO_CHOICE, "the endpoint does not answer; try again later.", "the data set has no complete sample.",
            "this candidate could not be drawn.", "the sample has no graph.",
        )
    )  # fmt: skip


def some_edges(rng: random.Random) -> list[Edge]:
    return [Edge(head=h, relation=r, tail=t) for h, r, t in edges_of(sample_scene(rng))]


def some_scores(rng: random.Random) -> Scores:
    graph, clip, blip = (round(rng.uniform(5, 99), 1) for _ in range(3))
    return Scores(graph=graph, clip=clip, blip=blip, quality=round(graph + 0.5 * clip + 0.5 * blip, 1))
