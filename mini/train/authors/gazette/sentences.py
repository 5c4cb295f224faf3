"""Sentences from filled frames."""

import re


def tidy(text: str) -> str:
    """One sentence or several: no comma before another mark, a large letter at the start, a full stop at the end."""
    text = re.sub(r",(\s*,)+", ",", text).rstrip(" ,;:")
    text = re.sub(r",\s*([.:;?!)])", r"\1", text)
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def large(text: str) -> str:
    return text[0].upper() + text[1:]
