"""Examines the miniature's models on held-out scenes, through the code that a run uses: the LMM client, the real
questions, the real scorers. `bench/miniature.py` takes the long exam, the tests a short one."""

import asyncio
import io
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from data.sample import Domain, Modality
from mini.paraphrases import CHOSEN, PARAPHRASES, Paraphrase
from mini.train.conversations import as_edges, edges_of, knowledge_of
from mini.train.outcomes import outcome
from mini.train.requests import requested
from mini.world.drawing import draw
from mini.world.facts import COLOURS, KINDS, STYLES, Layout, Scene
from mini.world.forms import layout_of
from mini.world.texts import TELLERS, describe, noun, plot, plural
from prompts.library import Library
from tools.knowledge.answers import Knowledge
from tools.knowledge.questions import Questions, Reading
from tools.lmm.client import Client
from tools.lmm.question import LMMError, Picture, Question, Reply
from tools.pictures import PictureLoader
from tools.talk.actions import NextAction
from tools.talk.questions import Sight, Taken, TalkQuestions

SEED = 11
"""Of the held-out scenes: no training scene and no written data set uses it."""


F1 = frozenset({"objects", "relations", "triplets", "findings", "normal structures"})
"""Facts of which some can be invented; of the others, which are asked of what was found, the share that is right."""


@dataclass
class Tally:
    """Right and wrong of one kind of fact."""

    hit: int = 0
    missed: int = 0
    invented: int = 0

    def add(self, true: set[Any], found: set[Any]) -> None:
        self.hit += len(true & found)
        self.missed += len(true - found)
        self.invented += len(found - true)

    @property
    def f1(self) -> float:
        return 2 * self.hit / max(1, 2 * self.hit + self.missed + self.invented)

    @property
    def recall(self) -> float:
        return self.hit / max(1, self.hit + self.missed)


@dataclass
class Report:
    """Facts by name, and how many answers were usable at once: those to a schema fitted it without a repair."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    asked: int = 0
    valid: int = 0
    repaired: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def tally(self, name: str) -> Tally:
        return self.tallies.setdefault(name, Tally())

    def check(self, name: str, right: bool) -> None:
        tally = self.tally(name)
        tally.hit += right
        tally.missed += not right

    def figures(self) -> dict[str, float]:
        figures = {name: round(t.f1 if name in F1 else t.recall, 3) for name, t in self.tallies.items()}
        return figures | {"schema_valid": round(self.valid / max(1, self.asked), 3)}


Answer = Callable[[Question[Any]], Awaitable[Reply[Any] | None]]


@dataclass
class Examiner:
    """Asks one endpoint about `n` held-out scenes."""

    lmm: Client
    n: int
    questions: Questions = field(default_factory=lambda: Questions(Library()))
    pictures: PictureLoader = field(default_factory=PictureLoader)

    def layouts(self) -> list[Layout]:
        return [layout_of("mmimdb", SEED, i)[0] for i in range(self.n)]

    async def ask(self, report: Report, question: Question[Any]) -> Any | None:
        report.asked += 1
        try:
            reply = await self.lmm.ask(question)
        except LMMError:
            return None
        report.valid += reply.usage.repairs == 0
        report.repaired += reply.usage.repairs
        report.prompt_tokens += reply.usage.prompt_tokens
        report.completion_tokens += reply.usage.completion_tokens
        return reply.value

    async def picture(self, layout: Layout, change: Callable[[Any], Any] | None = None) -> Picture:
        image = draw(layout)
        buffer = io.BytesIO()
        (change(image) if change else image).save(buffer, "PNG")
        return await self.pictures.shrink(buffer.getvalue(), 448)

    async def from_pictures(self, change: Callable[[Any], Any] | None = None) -> Report:
        """Merged extraction of drawn pictures, after an optional change to each (a shift, say)."""
        report = Report()

        async def one(layout: Layout) -> None:
            reading = Reading(Domain.GENERAL, Modality.IMAGE, await self.picture(layout, change))
            knowledge = await self.ask(report, self.questions.merged(reading, "extract"))
            grade(report, layout.scene.shown(), knowledge)

        await asyncio.gather(*map(one, self.layouts()))
        return report

    async def from_texts(
        self, tell: Callable[[Scene, random.Random], str] = plot, deeds: bool = True
    ) -> Report:
        """Merged extraction of plots, or of texts told otherwise (`mini.world.unseen_test`, say). Captions tell no
        deeds."""
        report = Report()

        async def one(index: int, layout: Layout) -> None:
            rng = random.Random(f"exam-{index}")
            told = layout.scene.told(rng)
            if not deeds:
                told = replace(told, deed=None)
            reading = Reading(Domain.GENERAL, Modality.TEXT, tell(told, rng))
            grade(report, told, await self.ask(report, self.questions.merged(reading, "extract")))

        await asyncio.gather(*(one(i, layout) for i, layout in enumerate(self.layouts())))
        return report

    async def stepwise(self) -> Report:
        """The paper's chain on texts: rules, consolidation, triplets."""
        report = Report()

        async def one(index: int, layout: Layout) -> None:
            rng = random.Random(f"exam-{index}")
            told = layout.scene.told(rng)
            reading = Reading(Domain.GENERAL, Modality.TEXT, plot(told, rng))
            answers = {}
            for entity in self.questions.rules(Domain.GENERAL, Modality.TEXT):
                answers[entity] = str(await self.ask(report, self.questions.rule(reading, entity, entity)))
            knowledge = await self.ask(report, self.questions.consolidate(reading, "consolidate", answers))
            grade(report, told, knowledge)
            if knowledge is not None:
                found = await self.ask(report, self.questions.triplets(reading, "triplets", knowledge))
                edges = {(t.head, t.relation, t.tail) for t in found.triplets} if found else set()
                report.tally("triplets").add(set(edges_of(told)), edges)
                report.check("triplets exact", edges == set(edges_of(told)))

        await asyncio.gather(*(one(i, layout) for i, layout in enumerate(self.layouts())))
        return report

    async def writing(self) -> Report:
        """Descriptions with a given subject, and plots refined from right descriptions."""
        report = Report()

        async def one(index: int, layout: Layout) -> None:
            rng = random.Random(f"exam-{index}")
            told = layout.scene.told(rng)
            main = rng.choice(told.groups)
            edges = as_edges(edges_of(told))
            question = self.questions.describe(Domain.GENERAL, Modality.IMAGE, "describe", edges, main.kind)
            said = str(await self.ask(report, question)).lower()
            opening = said.partition("as the main subject")[0]
            report.check("subject", noun(main) in opening.split() and "as the main subject" in said)
            mentioned(report, "description facts", told, said)
            report.check("description exact", said == describe(told, main.kind).lower())
            shown = layout.scene.shown()
            question = self.questions.refine(Domain.GENERAL, "plot", "refine", describe(shown, main.kind))
            text = str(await self.ask(report, question)).lower()
            mentioned(report, "plot facts", shown, text)
            invented(report, "plot invented", shown, text)

        await asyncio.gather(*(one(i, layout) for i, layout in enumerate(self.layouts())))
        return report

    async def talking(self) -> Report:
        """Held-out paraphrases of requests in several states of a sample, and replies to what actions have given."""
        report, questions = Report(), TalkQuestions(Library())

        async def one(index: int, paraphrase: Paraphrase) -> None:
            sight = some_sight(random.Random(f"talk-{index}"))
            action = await self.ask(report, questions.next_action(sight, paraphrase.request))
            grade_action(report, paraphrase, sight, action)

        async def reply(index: int) -> None:
            rng = random.Random(f"reply-{index}")
            sight = some_sight(rng)
            request, asked = requested(rng, sight)
            while asked.action == "reply":
                request, asked = requested(rng, sight)
            result, told = outcome(asked, sight, rng)
            question = questions.next_action(sight, request, (Taken(asked.action, result),))
            action = await self.ask(report, question)
            report.check("replies", action is not None and (action.action, action.reply) == ("reply", told))

        rounds = max(1, self.n // len(PARAPHRASES))
        await asyncio.gather(
            *(one(i, paraphrase) for i, paraphrase in enumerate(PARAPHRASES * rounds)),
            *(reply(i) for i in range(max(24, self.n // 2))),
        )
        return report


def some_sight(rng: random.Random) -> Sight:
    """A sample with nine candidates, one of them chosen."""
    subjects = tuple(rng.choice(KINDS) for _ in range(9))
    return Sight(rng.choice(("picture", "text")), subjects, rng.randint(1, 9))


def grade_action(report: Report, asked: Paraphrase, sight: Sight, found: NextAction | None) -> None:
    """Hold an action against what was asked for. The order of candidates and of weights makes no difference."""
    report.check("action", found is not None and found.action == asked.action)
    right = found is not None and found.action == asked.action
    if found is not None and asked.action != "reply":
        wanted = {sight.chosen if number == CHOSEN else number for number in asked.candidates}
        weights = {weight.term: weight.weight for weight in found.weights}
        right &= set(found.candidates) == wanted and weights == dict(asked.weights)
        right &= found.subject == asked.subject
    report.check("right", right)
    report.check(asked.action, right)


def grade(report: Report, true: Scene, knowledge: Knowledge | None) -> None:
    """Hold one answer against the facts. An answer that never came counts as empty."""
    found = knowledge or Knowledge(objects=[], relations=[], style="")
    told = {fact.name: fact for fact in found.objects}
    report.tally("objects").add({g.kind for g in true.groups}, set(told))
    for group in true.groups:
        fact = told.get(group.kind)
        report.check("counts", fact is not None and fact.count == group.count)
        if group.colour:
            report.check("colours", fact is not None and fact.attributes == [group.colour])
    relations = {(r.head, r.relation, r.tail) for r in found.relations}
    report.tally("relations").add(set(true.relations), relations)
    report.check("style", found.style == (true.style or ""))
    report.check("exact", knowledge is not None and same(knowledge, knowledge_of(true)))


def same(found: Knowledge, true: Knowledge) -> bool:
    """Equal but for the order of objects and relations."""

    def canonical(knowledge: Knowledge) -> Any:
        return (
            sorted(o.model_dump_json() for o in knowledge.objects),
            sorted(r.model_dump_json() for r in knowledge.relations),
            knowledge.style,
        )

    return bool(canonical(found) == canonical(true))


def mentioned(report: Report, name: str, scene: Scene, text: str) -> None:
    """Whether the text names every kind in its number, every colour and the style."""
    words = text.replace(",", " ").replace(".", " ").split()
    for group in scene.groups:
        report.check(name, noun(group) in words)
        if group.colour:
            report.check(name, group.colour in words)
    if scene.style:
        report.check(name, scene.style in words)


def invented(report: Report, name: str, scene: Scene, text: str) -> None:
    """Of the kinds, colours and styles that the text names, the share that is not in the scene (lower is better)."""
    true = {g.kind for g in scene.groups} | {g.colour for g in scene.groups} | {scene.style}
    facts = {form: kind for kind in KINDS for form in (kind, plural(kind))}
    facts |= {word: word for word in (*COLOURS, *STYLES)}
    for word in text.replace(",", " ").replace(".", " ").split():
        if word in facts:
            report.check(name, facts[word] not in true)


async def retrieval(scorer: Any, pairs: Sequence[tuple[Any, str]], of: int = 64) -> tuple[float, float]:
    """R@1 of `of`, picture to text and text to picture; mean over the whole groups of `of` among `pairs`."""
    by_picture, by_text, groups = 0.0, 0.0, max(1, len(pairs) // of)
    for group in range(groups):
        some = pairs[group * of : (group + 1) * of]
        data = []
        for picture, _ in some:
            buffer = io.BytesIO()
            picture.save(buffer, "PNG")
            data.append(buffer.getvalue())
        pictures, said = await scorer.embed_images(data), await scorer.embed_texts([text for _, text in some])
        cosines = pictures @ said.T
        right = range(len(some))
        by_picture += sum(cosines[i].argmax() == i for i in right) / len(some) / groups
        by_text += sum(cosines[:, i].argmax() == i for i in right) / len(some) / groups
    return by_picture, by_text


def captioned(n: int) -> list[tuple[Any, str]]:
    """Held-out scenes and captions that tell all that they show."""
    pairs = []
    for index in range(n):
        layout, rng = layout_of("mmimdb", SEED, index)[0], random.Random(f"caption-{index}")
        pairs.append((draw(layout), TELLERS["caption"](layout.scene.shown(), rng)))
    return pairs
