"""Sentences from filled frames."""

import re


def stop(text: str) -> str:
    """Sentences with large first letters and a full stop, without stray commas."""
    text = re.sub(r",+(?=[,.;:?!)]| -|$)", "", text.rstrip(" ,"))
    text = re.sub(r"(^|[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)
    return text if text.endswith((".", "?")) else f"{text}."
