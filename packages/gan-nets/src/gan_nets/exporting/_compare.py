"""Whether an exported file computes what its network does."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from gan_nets.exporting._exportable import Exportable, Inputs
from gan_nets.exporting.precision import ExportPrecision

# Of an output in [-1, 1], and relative to its largest value if that is above 1: an eighth of a step of 8-bit
# pixels, and two and a half steps.
TOLERANCES: Mapping[ExportPrecision, float] = {"fp32": 1e-3, "fp16": 2e-2}

# Pixels of the smallest input: over maps of few values, instance norm enlarges the rounding of halves.
LEAST_SIDES: Mapping[ExportPrecision, int] = {"fp32": 1, "fp16": 16}
ADVICE: Mapping[ExportPrecision, str] = {
    "fp32": "try the newest torch",
    "fp16": "half precision is too coarse for it; export it in fp32",
}


def greatest_difference(
    eager: Exportable,
    run: Callable[..., Tensor],
    *,
    network: str,
    precision: ExportPrecision,
    batches: Sequence[int] = (1, 2, 3),
) -> float:
    """The greatest difference between the network's and the file's output over inputs of several sizes.

    Args:
        eager: the network.
        run: the exported file, with the same inputs.
        network: name of the network, for errors.
        precision: of the file.
        batches: numbers of images, for each of which there is an input of a random size.

    Raises:
        ValueError: a difference is above the tolerance, or shapes differ.
    """
    greatest, tolerance = 0.0, TOLERANCES[precision]
    least = max(eager.least, LEAST_SIDES[precision] // eager.multiple)
    for inputs in _samples(eager, least, batches):
        expected, got = eager(*inputs), run(*inputs)
        same = expected.shape == got.shape
        difference = (expected - got).abs().max().item() if same else math.inf
        if not difference <= tolerance * max(1.0, expected.abs().max().item()):  # true for NaN too
            raise ValueError(
                f"the exported {network} gives {tuple(got.shape)} that differ by {difference:.2g} "
                f"from the network's {tuple(expected.shape)} for inputs {tuple(inputs[0].shape)}; "
                f"nothing is written; {ADVICE[precision]}"
            )
        greatest = max(greatest, difference)
    return greatest


def _samples(eager: Exportable, least: int, batches: Sequence[int]) -> Iterator[Inputs]:
    """One input of the least size, in multiples, and some of random sizes."""
    yield eager.sample(1, least, least)
    for batch in batches:
        height, width = torch.randint(least, most_multiples(eager) + 1, (2,)).tolist()
        yield eager.sample(batch, height, width)


def most_multiples(eager: Exportable) -> int:
    """Largest sampled height and width in multiples: 48 pixels, or twice the least size if that is more."""
    return max(48 // eager.multiple, 2 * eager.least)
