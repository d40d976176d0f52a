"""A large picture through a network, tile by tile: seconds and peak memory.

    python tests/benchmarks/tiles.py                                  # 2000x3000 through SRResNet, x4
    python tests/benchmarks/tiles.py --height 500 --width 750 --whole # and against the whole picture at once

Peak memory is that of a process of its own; the picture and the result are in it, and named beside it.
"""

import subprocess
import sys
import time

import torch
import tyro
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
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        scale: how much SRResNet enlarges it.
        blocks: residual blocks of SRResNet, 64 channels wide.
        tiles: sides of the tiles to try, in pixels.
        whole: try the whole picture at once as well, and say how far the tiles are from it.
        bf16: compute in bfloat16 and channels-last.
        only: try this tile alone and print seconds and this process's peak memory in MiB; 0 is the whole.
    """
    torch.manual_seed(0)
    net = SRResNet(scale=scale, blocks=blocks).to(DEVICE).eval()
    if DEVICE.type == "cpu":
        use_cpu_kernels_(net)
    if bf16:
        net = net.to(memory_format=torch.channels_last)
    picture = torch.rand(1, 3, height, width) * 2 - 1
    if only is not None:
        start = time.perf_counter()
        enlarge(net, picture, only or max(height, width), bf16)
        print(time.perf_counter() - start, peak_memory())
        return
    held = picture.nbytes * (1 + scale**2) / MIB
    print(
        f"{height}x{width} x{scale}, {DEVICE}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )
    print(f"radius {receptive_radius(net)} pixels; picture and result {held:.0f} MiB")
    for tile in (*tiles, *((0,) if whole else ())):
        command = [sys.executable, *sys.argv, "--only", str(tile)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        print(f"tile {tile or 'none':>5} {float(answer[0]):8.1f} s  peak {answer[1]} MiB", flush=True)
    if whole:
        complete = enlarge(net, picture, max(height, width), bf16)
        for tile in tiles:
            difference = (enlarge(net, picture, tile, bf16) - complete).abs().max()
            print(f"tile {tile:5} differs from the whole by {difference:.1e} at most")


def enlarge(net: SRResNet, picture: torch.Tensor, tile: int, bf16: bool) -> torch.Tensor:
    """The picture in tiles of that side."""
    with torch.autocast(DEVICE.type, torch.bfloat16, enabled=bf16):
        return tiled(net, picture, tile=tile)


if __name__ == "__main__":
    tyro.cli(main)
