"""What cannot be done with a session."""


class WalkError(Exception):
    """Something cannot be done with this session; the message is one clear sentence."""


class Broken(WalkError):
    """A file of the session is broken; the message says what is, and what can be saved."""

    def __init__(self, message: str, rebuildable: bool = False) -> None:
        super().__init__(message)
        self.rebuildable = rebuildable
        """Whether `Walk.rebuild` can make the session whole again."""
