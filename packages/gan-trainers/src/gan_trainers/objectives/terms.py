"""The terms of an objective."""

from collections.abc import Mapping

from torch import Tensor


def total(terms: Mapping[str, Tensor]) -> Tensor:
    """The sum of an objective's terms, scalars by name.

    Raises:
        ValueError: there are none.

    Examples:
        >>> total({"adversarial": torch.tensor(1.0), "l1": 100 * torch.tensor(0.02)})
        tensor(3.)
    """
    if not terms:
        raise ValueError("expected at least one term; got none")
    first, *others = terms.values()
    return sum(others, first)
