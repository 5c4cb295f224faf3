"""Text features that every graph has: the names of its entities.

Character n-grams (2 to 5, within words) weighted by TF-IDF, reduced by a truncated SVD (latent semantic analysis).
Names of a kind look alike: "Chișinău", "Jūrmala"; "..._(album)", "..._F.C.", "..._County".
"""

import re
from collections.abc import Sequence

import numpy as np

from tools.kgc.errors import InputError
from tools.kgc.graph import Modality
from tools.kgc.labels import short_label

WIDTH = 256
NGRAMS = (2, 5)
MAX_TERMS = 2**17
"""The most frequent n-grams; a graph of 15,000 entities has about that many that occur twice."""

_OPAQUE = re.compile(
    r"[qp]\d+"  # Wikidata
    r"|/[a-z]/[\w./-]+"  # Freebase: /m/02mjmr
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # UUID
    r"|(?=.*\d)[0-9a-f]{16,}"  # hash
    r"|_:.*",  # blank node
    re.IGNORECASE,
)


def name_features(entities: Sequence[str], width: int = WIDTH, seed: int = 0, name: str = "text") -> Modality:
    """Features [n_entities, d] of entity names; d is `width`, or less for few or very short names.

    Rows have the length sqrt(d), so that a component is 1 in square on average. An entity whose name says nothing
    (`readable`), or shares no n-gram with another's, lacks the modality.

    Raises:
        InputError: no width, or fewer than two names can be used.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    if width < 1:
        raise InputError(f"text features from names need a width from 1, not {width}")
    texts = [readable(entity) for entity in entities]
    there = np.array([bool(text) for text in texts])
    n = int(there.sum())
    if n < 2:
        raise InputError(
            f"{n} of {len(entities):,} entities have a name that can be read; text features need two"
        )
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=NGRAMS,
        min_df=2,
        max_features=MAX_TERMS,
        sublinear_tf=True,
        dtype=np.float32,
    )
    try:
        terms = vectorizer.fit_transform([text for text in texts if text])
    except ValueError:
        raise InputError(
            f"the {n:,} names have no characters in common; leave the text features out"
        ) from None
    d = min(width, n, terms.shape[1])
    reduced = (
        TruncatedSVD(d, random_state=seed).fit_transform(terms) if d < terms.shape[1] else terms.toarray()
    )
    length = np.linalg.norm(reduced, axis=1)
    features = np.zeros((len(entities), d), np.float32)
    shares = length > 1e-6
    present = there.copy()
    present[there] = shares
    features[present] = reduced[shares] / length[shares, None] * np.sqrt(d)
    return Modality(name, features, present)


def readable(entity: str) -> str:
    """The words of an entity's name; empty for what is only an identifier, such as Q42 or /m/02mjmr."""
    label = short_label(entity).strip()
    if _OPAQUE.fullmatch(label) or not any(character.isalpha() for character in label):
        return ""
    return " ".join(label.replace("_", " ").split()).casefold()
