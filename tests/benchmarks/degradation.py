"""The high-order degradation of Real-ESRGAN: a batch at once, compared with its images one at a time.

    python tests/benchmarks/degradation.py
    python tests/benchmarks/degradation.py --batch-size 32 --size 400 --draws 20
    python tests/benchmarks/degradation.py --size 400 --batch-size 4 --basicsr ~/BasicSR    # with its code

"plain" degrades the same images, with the same seeds, one after the other. All images of a batch have one
seed, so that both resize to the same sizes. A step is a fixed list of such seeds, since the time depends on
these sizes.
"""

from functools import partial
from pathlib import Path

import cyclopts
import peers
import torch
from gan_data import REAL_ESRGAN
from step_timing import DEVICE, Step, compare


def main(
    batch_size: int = 8, size: int = 256, draws: int = 10, rounds: int = 5, basicsr: Path | None = None
) -> None:
    """Time both.

    Args:
        batch_size: images per batch.
        size: their side, in pixels.
        draws: batches per step, each with another seed.
        rounds: timed rounds of each, after two warm-up steps.
        basicsr: a clone of BasicSR, which is "plain" then; its images have 400x400 pixels.
    """
    if basicsr is not None and size != 400:
        raise SystemExit(f"--size {size}: BasicSR degrades images of 400 pixels; give --size 400.")
    if basicsr is not None and 180 % batch_size:
        raise SystemExit(f"--batch-size {batch_size}: BasicSR's pool of 180 pairs expects a divisor of 180.")
    print(f"{draws} batches of {batch_size} images per step: {size}x{size}")
    step_of = partial(make_step, batch_size=batch_size, size=size, draws=draws)
    if basicsr is not None:
        peer = partial(peers.degradation, basicsr, batch_size, size, draws)
        step_of = partial(peers.against, peer=peer, make_step=step_of)
    compare(step_of, ["batched"], batch_size=batch_size * draws, rounds=rounds)


def make_step(name: str, batch_size: int, size: int, draws: int) -> Step:
    """The degradation of fixed random images, with one seed for each batch."""
    torch.manual_seed(0)
    images = torch.rand(batch_size, 3, size, size, device=DEVICE) * 2 - 1
    batches = images.split(1) if name == "plain" else (images,)

    def step() -> None:
        for seed in range(draws):
            for batch in batches:
                REAL_ESRGAN(batch, [seed] * len(batch))

    return step


if __name__ == "__main__":
    cyclopts.run(main)
