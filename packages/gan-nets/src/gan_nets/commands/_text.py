"""Text on one line of a terminal."""


def printable(text: object) -> str:
    """The text without control characters, and without bytes of file names that are no text."""
    return "".join(
        each if each.isprintable() or each == "\u3000" else ascii(each)[1:-1] for each in str(text)
    )
