"""Fill missing modality embeddings: UL4M4 and its peers, as scikit-learn estimators.

    from tools.imputers import UL4M4
    filled = UL4M4(n_clusters=64, random_state=0).fit_transform({"image": image, "text": text})

A missing row is all NaN. `docs/imputers.md` says when to use which.
"""

from tools.imputers.base import ModalityImputer
from tools.imputers.matrix import MatrixImputer
from tools.imputers.mean import MeanImputer
from tools.imputers.neighbours import NeighboursImputer
from tools.imputers.ridge import RidgeImputer
from tools.imputers.saved import load_imputer, save_imputer
from tools.imputers.ul4m4 import UL4M4
from tools.imputers.validation import held_out_error
from tools.imputers.zero import ZeroImputer

__all__ = [
    "UL4M4",
    "MatrixImputer",
    "MeanImputer",
    "ModalityImputer",
    "NeighboursImputer",
    "RidgeImputer",
    "ZeroImputer",
    "held_out_error",
    "load_imputer",
    "save_imputer",
]
