"""The 14 observations of CheXpert (Irvin et al., AAAI 2019), in the data set's order: the clinical implications that
a finding can have (`tools.knowledge.answers.Finding`)."""

OBSERVATIONS = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)

NO_FINDING = OBSERVATIONS[0]
_BY_FOLDED = {name.casefold(): name for name in OBSERVATIONS}


def observation(text: str) -> str | None:
    """The observation that `text` names, whatever its case and surrounding punctuation; None if it names none."""
    return _BY_FOLDED.get(" ".join(text.strip(" .\t\n\"'").split()).casefold())
