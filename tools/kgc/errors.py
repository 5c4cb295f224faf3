"""Bad input to link prediction."""


class InputError(ValueError):
    """What the user gave cannot be used; the message is one sentence: what, where (file, row), what to do."""
