"""The structured answers that an LMM gives. Their JSON schemas go over the wire, flat and without options.

Field order matters: a model writes the fields in this order, so that what is easy (which objects) comes before
what builds on it (relations between them).
"""

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """Base of every structured answer; unknown fields are refused (OpenAI's strict mode needs it)."""

    model_config = ConfigDict(extra="forbid")


class Triplet(Answer):
    """One edge of a knowledge graph."""

    head: str = Field(min_length=1, max_length=200)
    relation: str = Field(min_length=1, max_length=200)
    tail: str = Field(min_length=1, max_length=200)


class ObjectFact(Answer):
    """One kind of object: its specific name, how many there are, and what is said of it."""

    name: str = Field(min_length=1, max_length=200)
    count: int = Field(ge=0, le=100_000)
    attributes: list[str] = Field(max_length=20)


class Knowledge(Answer):
    """General domain: what is in a picture or a text, consolidated."""

    objects: list[ObjectFact] = Field(max_length=20)
    relations: list[Triplet] = Field(max_length=40)
    style: str = Field(max_length=200)


class Finding(Answer):
    """One observation in a radiograph or a report. `implication` is one of the 14 CheXpert labels."""

    anatomy: str = Field(max_length=200)
    abnormality: str = Field(max_length=200)
    location: str = Field(max_length=200)
    implication: str = Field(max_length=200)


class MedicalKnowledge(Answer):
    """Chest X-ray domain: what a radiograph or a report shows, consolidated."""

    findings: list[Finding] = Field(max_length=30)
    impression: str = Field(max_length=2_000)


class Triplets(Answer):
    """The knowledge as edges; about ten distinct relations."""

    triplets: list[Triplet] = Field(max_length=80)


class Verdict(Answer):
    """What a candidate lacks or adds against the knowledge graph of the present modality."""

    lacks: list[str] = Field(max_length=40)
    adds: list[str] = Field(max_length=40)
