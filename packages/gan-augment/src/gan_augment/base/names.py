"""Lists of names in one string, divided by commas."""

from collections.abc import Sequence


def parse_names(text: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    """The names in `text`, in its order.

    Args:
        text: names divided by commas.
        known: the names that are allowed.
        what: what the names are, for the error message.

    Raises:
        ValueError: a name is not `known`, or appears twice.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for index, name in enumerate(names):
        if name not in known:
            raise ValueError(f"expected {what} among {', '.join(known)}; got {name!r} in {text!r}")
        if name in names[:index]:
            raise ValueError(f"expected each of the {what} once; got {name!r} twice in {text!r}")
    return names
