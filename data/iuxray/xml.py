"""IU X-ray as Open-i publishes it: `ecgen-radiology/<n>.xml`, one report each, and the PNGs that they name."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from pathlib import Path

from data.completed import Filled
from data.files import BadRow, read_bytes, stamp
from data.iuxray.study import Part, Study, StudyReader, View, parts, sections, tags
from data.output import OutFolder
from data.sample import Sample

FOLDER = "ecgen-radiology"
PUBLISHED = 3_955
MAX_XML = 2**20


class XmlReader(StudyReader):
    form = "xml"
    expects = f"{FOLDER}/<n>.xml of Open-i"

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        if folder.name == FOLDER:
            folder = folder.parent
        candidates = (folder, folder / "NLMCXR_reports")
        return next((root for root in candidates if next((root / FOLDER).glob("*.xml"), None)), None)

    def load(self) -> list[Study]:
        files = sorted((self.root / FOLDER).glob("*.xml"), key=_order)
        self.check_count("reports", len(files), PUBLISHED)
        return self.choose([_study(path) for path in files])

    def read(self, entry: tuple[Study, View]) -> Sample:
        if problem := entry[0].extra.get("problem"):
            raise BadRow(problem)
        return super().read(entry)

    def stamps(self) -> Iterator[str]:
        yield from map(stamp, sorted((self.root / FOLDER).glob("*.xml")))
        yield from super().stamps()

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        for part in parts(rows):
            for row in part.rows:
                name = row.sample.image.path.name if row.sample.image else f"{row.sample.id}.png"
                row.put_picture(out, f"images/{name}", "PNG")
            try:
                self._write_report(part, out)
            except BadRow as problem:  # it could be read a moment ago
                out.note(str(problem))

    def _write_report(self, part: Part, out: OutFolder) -> None:
        source = self.root / FOLDER / part.rows[0].sample.extra["file"]
        name = source.name if "~" not in part.uid else f"{source.stem}~{part.uid.split('~')[1]}.xml"
        tree = _parse(source)
        names = {row.sample.id for row in part.rows if row.sample.extra["named"] or row.drawn is not None}
        if part.own and names == {each.get("id") for each in tree.iter("parentImage")}:
            out.place(source, f"{FOLDER}/{name}", part.uid)
        else:
            changed = self._changed(tree, part.uid, part.own, part.text, names)
            out.put(ET.tostring(changed, "utf-8"), f"{FOLDER}/{name}", part.uid)

    def _changed(
        self, tree: ET.Element, uid: str, own: bool, text: str | None, names: set[str]
    ) -> ET.Element:
        """The report with another number, with other sections, and with only those pictures."""
        for element in tree.iter("uId"):
            element.set("id", uid)
        if not own:
            abstracts = list(tree.iter("Abstract"))
            abstract = abstracts[0] if abstracts else ET.SubElement(tree, "Abstract")
            found = {(each.get("Label") or "").lower(): each for each in abstract.iter("AbstractText")}
            for label, value in sections(text, self.settings).items():
                if label not in found:
                    found[label] = ET.SubElement(abstract, "AbstractText", Label=label.upper())
                found[label].text = value
        for parent in list(tree.iter()):
            for child in [
                each for each in parent if each.tag == "parentImage" and each.get("id") not in names
            ]:
                parent.remove(child)
        for name in sorted(names - {each.get("id") or "" for each in tree.iter("parentImage")}):
            ET.SubElement(tree, "parentImage", id=name)
        return tree


def _study(path: Path) -> Study:
    """One report; a file that cannot be read is a study that says so when its sample is wanted."""
    try:
        tree = _parse(path)
    except BadRow as problem:
        return Study(path.stem, str(path), extra={"problem": str(problem)})
    found = {
        (each.get("Label") or "").lower(): "".join(each.itertext()) for each in tree.iter("AbstractText")
    }
    identity = (
        next((each.get("id") for each in tree.iter("uId") if each.get("id")), None) or f"CXR{path.stem}"
    )
    pictures = [each.get("id") or "" for each in tree.iter("parentImage")]
    return Study(
        uid=identity,
        where=str(path),
        findings=found.get("findings"),
        impression=found.get("impression"),
        tags=tuple(dict.fromkeys(tag for each in tree.iter("major") for tag in tags(each.text or ""))),
        views=tuple(View(name, (f"{name}.png",)) for name in pictures if name),
        extra={"file": path.name},
    )


def _parse(path: Path) -> ET.Element:
    data = read_bytes(path, MAX_XML)
    if any(sign in data for sign in (b"<!DOCTYPE", b"<!ENTITY", b"\x00")):
        raise BadRow(
            f"{path}: holds NUL bytes or declares XML entities, which reports of Open-i do not; it is not read."
        )
    try:
        return ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError) as problem:
        raise BadRow(f"{path}: not valid XML ({problem}); the file may be cut short or not UTF-8.") from None


def _order(path: Path) -> tuple[int, str]:
    found = re.match(r"\d+", path.stem)
    return (int(found[0]) if found else 0), path.stem
