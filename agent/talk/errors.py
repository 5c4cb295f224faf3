"""What tools and lines can run into."""


class Impossible(Exception):
    """A tool cannot do what it was asked; the message is one sentence for the LMM and the user, small first letter."""
