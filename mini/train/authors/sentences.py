"""Sentences from filled frames, for several authors."""

import re


def tidy(text: str) -> str:
    """Sentences with capitals and one stop, without what an empty field or a comma too many left behind."""
    text = re.sub(r" +(?=[ ,;:.)]|$)", "", text.strip())
    text = re.sub(r",+(?=[,;:.?!)]|$| [(-])", "", text)
    text = text if text.endswith("?") else text.rstrip(".") + "."
    return re.sub(r"(^|[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)
