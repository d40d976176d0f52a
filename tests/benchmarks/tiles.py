"""A large image through a network, tile by tile: seconds and peak memory.

    python tests/benchmarks/tiles.py                                  # 2000x3000 through SRResNet, x4
    python tests/benchmarks/tiles.py --height 500 --width 750 --whole # and the whole image at once

Each measurement runs in its own process; its peak memory includes the image and the result. Their size is
printed.
"""

import subprocess
import sys
import time

import cyclopts
import torch
from gan_nets import SRResNet, receptive_radius, tiled, use_cpu_kernels_
from step_timing import DEVICE, peak_memory

MIB = 2**20


def main(
    height: int = 2000,
    width: int = 3000,
    scale: int = 4,
    blocks: int = 16,
    tiles: tuple[int, ...] = (128, 256, 512),
    whole: bool = False,
    bf16: bool = False,
    only: int | None = None,
) -> None:
    """Time each size of tile.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        scale: of SRResNet.
        blocks: residual blocks of SRResNet, 64 channels wide.
        tiles: sides of the tiles, in pixels.
        whole: run the whole image at once as well, and print the difference of the tiles.
        bf16: compute in bfloat16 and channels-last.
        only: run this tile only, and print seconds and this process's peak memory in MiB; 0 is the whole.
    """
    torch.manual_seed(0)
    net = SRResNet(scale=scale, blocks=blocks).to(DEVICE).eval()
    if DEVICE.type == "cpu":
        use_cpu_kernels_(net)
    if bf16:
        net = net.to(memory_format=torch.channels_last)
    image = torch.rand(1, 3, height, width) * 2 - 1
    if only is not None:
        start = time.perf_counter()
        enlarge(net, image, only or max(height, width), bf16)
        print(time.perf_counter() - start, peak_memory())
        return
    held = image.nbytes * (1 + scale**2) / MIB
    print(
        f"{height}x{width} x{scale}, {DEVICE}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    print(f"radius {receptive_radius(net)} pixels; image and result {held:.0f} MiB")
    for tile in (*tiles, *((0,) if whole else ())):
        command = [sys.executable, *sys.argv, "--only", str(tile)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        print(f"tile {tile or 'none':>5} {float(answer[0]):8.1f} s  peak {answer[1]} MiB", flush=True)
    if whole:
        complete = enlarge(net, image, max(height, width), bf16)
        for tile in tiles:
            difference = (enlarge(net, image, tile, bf16) - complete).abs().max()
            print(f"tile {tile:5} differs from the whole by {difference:.1e} at most")


def enlarge(net: SRResNet, image: torch.Tensor, tile: int, bf16: bool) -> torch.Tensor:
    """The result for an image in tiles of that side."""
    with torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16):
        return tiled(net, image, tile=tile)


if __name__ == "__main__":
    cyclopts.run(main)
