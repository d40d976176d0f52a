"""Names of files: on one line and safe to print, and in one form to compare."""

from unicodedata import normalize


def printable(text: object) -> str:
    r"""`text` on one line, without what would alter a terminal or could not be encoded.

    Line breaks, escape codes and other control characters, marks that reverse the direction of writing, and
    bytes of a file name that are not Unicode are written as in Python's source: `\n`, `\x1b`, `\udcff`.
    Letters of all languages stay.

    Examples:
        >>> printable("photo" + chr(27) + "[31m.png")
        'photo\\x1b[31m.png'
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(each if each.isprintable() or each == "\u3000" else _escaped(each) for each in shown)


def comparable(name: object) -> str:
    """A name as it is compared and sorted: "grün" of macOS and of Linux are other bytes, but one name."""
    return normalize("NFC", str(name))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
