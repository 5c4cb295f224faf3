"""The errors that end a program with a sentence instead of a traceback."""


class UsageError(Exception):
    """Wrong usage or an environment that cannot work. The message is one clear sentence; exit status 2."""


class StoreError(UsageError):
    """The run folder cannot be used: another run holds it, it was made by other settings, or its disk is full."""
