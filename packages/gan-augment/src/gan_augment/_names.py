"""Lists of names, as a user writes them in one string."""

from collections.abc import Sequence


def chosen(text: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    """The names in `text`, divided by commas, in its order.

    Raises:
        ValueError: one is not `known`, or is there twice; `what` says of what.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for index, name in enumerate(names):
        if name not in known:
            raise ValueError(f"expected {what} among {', '.join(known)}; got {name!r} in {text!r}")
        if name in names[:index]:
            raise ValueError(f"expected each of the {what} once; got {name!r} twice in {text!r}")
    return names
