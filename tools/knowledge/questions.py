"""Every question that the method puts to an LMM, as `tools.lmm.question.Question`s, and how its parts are laid out.

All calls over one sample share system prompt and sample part, so an endpoint's prefix cache serves them. The
miniature is trained on exactly these questions: a change of layout here asks for new weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from data.record import Edge
from data.sample import Domain, Modality
from prompts.library import Library, Prompt, PromptError
from tools.knowledge.answers import Knowledge, MedicalKnowledge, Triplets, Verdict
from tools.knowledge.graph import LITERAL_RELATIONS
from tools.knowledge.labels import normalise
from tools.lmm.question import Part, Question

READERS = {
    (Domain.GENERAL, Modality.IMAGE): "general",
    (Domain.GENERAL, Modality.TEXT): "general",
    (Domain.XRAY, Modality.IMAGE): "xray/radiograph",
    (Domain.XRAY, Modality.TEXT): "xray/report",
}
"""Where system prompt and rules lie: one set for everything general, one per modality for X-rays (paper, G.1)."""

NAMES = {
    (Domain.GENERAL, Modality.IMAGE): "picture",
    (Domain.GENERAL, Modality.TEXT): "text",
    (Domain.XRAY, Modality.IMAGE): "radiograph",
    (Domain.XRAY, Modality.TEXT): "report",
}
"""What a modality is called inside prompts."""

KNOWLEDGE: dict[Domain, type[Knowledge] | type[MedicalKnowledge]] = {
    Domain.GENERAL: Knowledge,
    Domain.XRAY: MedicalKnowledge,
}
"""The consolidated answer of each domain."""


@dataclass(frozen=True)
class Reading:
    """One picture or text that the LMM is shown."""

    domain: Domain
    modality: Modality
    part: Part


def edge_lines(edges: Sequence[Edge]) -> str:
    """One edge a line: `head | relation | tail`."""
    return "\n".join(f"{edge.head} | {edge.relation} | {edge.tail}" for edge in edges)


def own_facts(edges: Sequence[Edge], subject: str) -> str:
    """Count and attributes of one entity: `count 2, attribute red`."""
    label = normalise(subject)
    own = [e for e in edges if e.relation in LITERAL_RELATIONS and normalise(e.head) == label]
    return ", ".join(f"{edge.relation} {edge.tail}" for edge in own) or "nothing else is known of it"


class Questions:
    """Builds questions from the prompt files of a library; each file is read once."""

    def __init__(self, library: Library) -> None:
        self._prompt = cache(library.prompt)
        self._table = cache(library.table)

    def rules(self, domain: Domain, modality: Modality) -> Mapping[str, str]:
        """{entity: reasoning prompt} in the order in which they are asked (paper, 2.2)."""
        return self._table(f"{READERS[domain, modality]}/rules")

    def merged(self, reading: Reading, step: str) -> Question[Any]:
        """All knowledge in one answer."""
        prompt = self._prompt(f"{reading.domain}/merged")
        return self._over(reading, step, prompt, prompt.fill(), KNOWLEDGE[reading.domain])

    def rule(self, reading: Reading, step: str, entity: str) -> Question[str]:
        """One rule, answered briefly: a step of the chain of thought (paper, 2.2)."""
        prompt = self._prompt(f"{reading.domain}/rule")
        question = self.rules(reading.domain, reading.modality)[entity]
        return self._over(reading, step, prompt, prompt.fill(question=question), str)

    def consolidate(self, reading: Reading, step: str, answers: Mapping[str, str]) -> Question[Any]:
        """The answers to all rules as one structure."""
        prompt = self._prompt(f"{reading.domain}/consolidate")
        lines = "\n".join(f"{entity}: {answer}" for entity, answer in answers.items())
        return self._over(reading, step, prompt, prompt.fill(answers=lines), KNOWLEDGE[reading.domain])

    def triplets(self, reading: Reading, step: str, knowledge: BaseModel) -> Question[Triplets]:
        """The structure as edges."""
        prompt = self._prompt(f"{reading.domain}/triplets")
        return self._over(reading, step, prompt, prompt.fill(knowledge=knowledge.model_dump_json()), Triplets)

    def direct(self, reading: Reading, step: str, missing: Modality) -> Question[str]:
        """A description of the missing modality without a graph (paper, ablation "w/o knowledge modeling")."""
        prompt = self._prompt(f"{reading.domain}/direct")
        return self._over(reading, step, prompt, prompt.fill(missing=NAMES[reading.domain, missing]), str)

    def verify(self, reading: Reading, step: str, edges: Sequence[Edge]) -> Question[Verdict]:
        """What a candidate lacks or adds against a graph."""
        prompt = self._prompt(f"{reading.domain}/verify")
        return self._over(reading, step, prompt, prompt.fill(graph=edge_lines(edges)), Verdict)

    def describe(
        self, domain: Domain, missing: Modality, step: str, edges: Sequence[Edge], subject: str
    ) -> Question[str]:
        """A description of the missing modality from the graph, around one subject (paper, G.3).

        A prompt with the slot `facts` is told what the graph says of the subject itself, so that a small model need not
        look it up.
        """
        name = NAMES[domain, missing]
        prompt = self._prompt(f"{domain}/describe")
        values = {"subject": subject, "missing": name}
        if "facts" in prompt.slots:
            values["facts"] = own_facts(edges, subject)
        return Question(
            step=step,
            prompt=prompt.id,
            system=self._prompt(f"{domain}/describe_system").fill(missing=name),
            shared=(self._prompt(f"{domain}/describe_graph").fill(graph=edge_lines(edges)),),
            ask=prompt.fill(**values),
            answer=str,
        )

    def refine(self, domain: Domain, form: str, step: str, description: str) -> Question[str]:
        """A description turned into the form of the data set's texts (paper, G.3)."""
        forms = self._table(f"{domain}/forms")
        if form not in forms:
            raise PromptError(
                f"prompts/{domain}/forms.yaml knows no text form {form!r}, only {', '.join(forms)}"
            )
        prompt = self._prompt(f"{domain}/refine")
        system = self._prompt(f"{domain}/refine_system").fill()
        return Question(step, prompt.id, system, (description,), prompt.fill(form=forms[form]), str)

    def _over(
        self, reading: Reading, step: str, prompt: Prompt, ask: str, answer: type[Any]
    ) -> Question[Any]:
        return Question(step, prompt.id, self._system(reading), (reading.part,), ask, answer)

    def _system(self, reading: Reading) -> str:
        folder = READERS[reading.domain, reading.modality]
        rules = "\n".join(f"- {entity}: {text}" for entity, text in self._table(f"{folder}/rules").items())
        if reading.domain is Domain.GENERAL:
            return self._prompt(f"{folder}/system").fill(rules=rules)
        examples = self._prompt(f"{folder}/examples").text
        return self._prompt(f"{folder}/system").fill(rules=rules, examples=examples)
