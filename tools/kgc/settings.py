"""What a model is and how it is trained, as numbers with names."""

from dataclasses import dataclass
from math import isfinite

from tools.kgc.errors import InputError


@dataclass(frozen=True)
class TrainingSettings:
    """Defaults are the published ones of MKG-W, but for mu, the epochs and the validation they do without."""

    dimension: int = 200
    """d, complex coordinates of an entity; published: 250 DB15K, 200 MKG-W and MKG-Y."""
    margin: float = 12.0
    """g; published: 12 DB15K and MKG-W, 4 MKG-Y."""
    epsilon: float = 2.0
    batch_size: int = 1024
    negatives: int = 128
    """K per positive."""
    temperature: float = 2.0
    """Of the self-adversarial weights."""
    learning_rate: float = 1e-4
    generator_learning_rate: float = 1e-4
    mu: float = 1e-4
    """Weight of the adversarial term. 0 in every published command; search it on validation."""
    adversarial: bool = True
    """Modality adversarial training (MAT)."""
    adaptive: bool = True
    """Fusion weights; equal weights of what an entity has otherwise."""
    train_features: bool = False
    """Whether the feature tables are learnt too, as in the authors' code."""
    noise: int = 64
    """Width of the generators' noise."""
    hidden: int = 512
    """Width of the generators' hidden layer."""
    epochs: int = 1000
    validate_every: int = 10
    """Epochs between two validations; 0 for none."""
    validation_sample: int = 0
    """Validation triples to rank each time, drawn once; 0 for all."""
    patience: int = 5
    """Validations without a better MRR before training ends."""
    seed: int = 42

    def __post_init__(self) -> None:
        at_least = {
            "dimension": 1, "batch_size": 1, "negatives": 1, "epochs": 1, "patience": 1, "noise": 1, "hidden": 1,
            "validate_every": 0, "validation_sample": 0, "seed": 0,
        }  # fmt: skip
        for name, least in at_least.items():
            if getattr(self, name) < least:
                raise InputError(f"{name} must be at least {least}, not {getattr(self, name)}")
        for name in ("margin", "epsilon", "temperature", "learning_rate", "generator_learning_rate", "mu"):
            value = getattr(self, name)
            if not isfinite(value) or value < 0 or (value == 0 and name not in ("mu", "temperature")):
                raise InputError(f"{name} must be a positive number, not {value}")
