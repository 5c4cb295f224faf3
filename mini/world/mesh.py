"""The labels of a drawn film, as Open-i's annotators write them into `<major>`:
`Nodule/lung/upper lobe/right/small`."""

from mini.world.chest import BOTH, Film, Finding

MESH = {
    "opacity": "Opacity/lung", "consolidation": "Consolidation/lung", "nodule": "Nodule/lung",
    "atelectasis": "Pulmonary Atelectasis", "effusion": "Pleural Effusion", "pneumothorax": "Pneumothorax",
    "cardiomegaly": "Cardiomegaly", "tube": "Tube, Inserted", "pacemaker": "Implanted Medical Device/thorax",
    "clips": "Surgical Instruments/lung",
}  # fmt: skip
MESH_ZONES = {
    ("right", "upper"): "upper lobe", ("right", "mid"): "middle lobe", ("right", "lower"): "lower lobe",
    ("left", "upper"): "upper lobe", ("left", "mid"): "lingula", ("left", "lower"): "lower lobe",
}  # fmt: skip


def mesh(film: Film) -> list[str]:
    """The MeSH fields of a whole film: what Open-i's annotators would have written into `<major>`."""
    fields = [_field(finding) for finding in film.findings]
    if film.pneumonia:
        fields.append("Pneumonia")
    return fields or ["normal"]


def _field(finding: Finding) -> str:
    zone = MESH_ZONES[finding.side, finding.zone] if finding.side and finding.zone else None
    side = "bilateral" if finding.side == BOTH else finding.side
    chronic = "chronic" if finding.change == "unchanged" else None
    return "/".join(filter(None, [MESH[finding.kind], zone, side, finding.size, chronic]))
