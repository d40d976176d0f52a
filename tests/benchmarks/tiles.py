"""A large image through a network, tile by tile: seconds and peak memory.

    python tests/benchmarks/tiles.py                                  # 2000x3000 through SRResNet, x4
    python tests/benchmarks/tiles.py --height 500 --width 750 --whole # and the whole image at once
    python tests/benchmarks/tiles.py --net cyclegan --whole           # with the whole image's statistics

Each measurement runs in its own process; its peak memory includes the image and the result. Their size is
printed.
"""

import subprocess
import sys
import time
import warnings
from typing import Literal

import cyclopts
import torch
from gan_nets import ResnetGenerator, SRResNet, use_cpu_kernels_
from gan_nets.tiling.runner import Runner
from step_timing import DEVICE, peak_memory

MIB = 2**20


def main(
    height: int = 2000,
    width: int = 3000,
    net: Literal["srresnet", "cyclegan"] = "srresnet",
    scale: int = 4,
    blocks: int | None = None,
    tiles: tuple[int, ...] = (128, 256, 512),
    whole: bool = False,
    bf16: bool = False,
    only: int | None = None,
) -> None:
    """Time each size of tile.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        net: SRResNet, or CycleGAN's generator, whose instance norm depends on the whole image.
        scale: of SRResNet.
        blocks: residual blocks; 16 of SRResNet or 9 of CycleGAN's generator by default.
        tiles: sides of the tiles, in pixels.
        whole: run the whole image at once as well, and print the difference of the tiles.
        bf16: compute in bfloat16.
        only: run this tile only, and print seconds and this process's peak memory in MiB; 0 is the whole.
    """
    torch.manual_seed(0)
    if net == "srresnet":
        network = SRResNet(scale=scale, blocks=blocks or 16).to(DEVICE).eval()
    else:
        network, scale = ResnetGenerator(blocks=blocks or 9).to(DEVICE).eval(), 1
    if DEVICE.type == "cpu":
        use_cpu_kernels_(network)
    image = torch.rand(1, 3, height, width) * 2 - 1
    if only is not None:
        start = time.perf_counter()
        run(network, image, only or max(height, width), bf16)
        print(time.perf_counter() - start, peak_memory())
        return
    held = image.nbytes * (1 + scale**2) / MIB
    threads = torch.get_num_threads()
    print(f"{height}x{width}, {net}, {DEVICE}, {threads} threads, torch {torch.__version__}")
    print(f"image and result {held:.0f} MiB")
    for tile in (*tiles, *((0,) if whole else ())):
        command = [sys.executable, *sys.argv, "--only", str(tile)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        print(f"tile {tile or 'none':>5} {float(answer[0]):8.1f} s  peak {answer[1]} MiB", flush=True)
    if whole:
        complete = run(network, image, max(height, width), bf16)
        for tile in tiles:
            difference = (run(network, image, tile, bf16) - complete).abs().max()
            print(f"tile {tile:5} differs from the whole by {difference:.1e} at most")


def run(net: SRResNet | ResnetGenerator, image: torch.Tensor, tile: int, bf16: bool) -> torch.Tensor:
    """The result for an image in tiles of that side, in the layout that the network prefers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of temporary files
        return Runner(net, 3, tile=tile, precision="bf16" if bf16 else "fp32")(image)


if __name__ == "__main__":
    cyclopts.run(main)
