"""What the weights of an objective's terms have in common."""


def check_weights(**weights: float) -> None:
    """Make sure that none is negative or not a number.

    Raises:
        ValueError: naming the weight that is.
    """
    for name, weight in weights.items():
        if not weight >= 0:
            raise ValueError(f"expected {name} to be 0 or more; got {weight}")
