"""The line with which a run begins: where it computes, what learns, and from how many samples."""

from collections.abc import Iterable, Mapping

from torch import nn

from gan_trainers.run.loader import Loader
from gan_trainers.run.stream_loader import StreamLoader
from gan_trainers.training.ema import EMA


def summary(
    computes: str, processes: int, networks: Mapping[str, nn.Module], loaders: Iterable[Loader | StreamLoader]
) -> str:
    """For example "1 process on cpu, bf16; parameters: g 1.20 M; samples: 180, evaluated: 20".

    Args:
        computes: the device and how it computes.
        processes: number of processes.
        networks: by name; averages are left out.
        loaders: of the run. Those of an evaluation end; streams do not know how many samples they have.
    """
    sizes = [
        f"{name} {sum(parameter.numel() for parameter in network.parameters()) / 1e6:.2f} M"
        for name, network in networks.items()
        if not isinstance(network, EMA)
    ]
    known = [loader for loader in loaders if isinstance(loader, Loader)]
    counts = {
        name: dict.fromkeys(f"{loader.samples:,}" for loader in known if loader.endless is endless)
        for name, endless in (("samples", True), ("evaluated", False))
    }
    words = [f"{name}: {' and '.join(found)}" for name, found in counts.items() if found]
    noun = "process" if processes == 1 else "processes"
    samples = f"; {', '.join(words)}" if words else ""
    return f"{processes} {noun} on {computes}; parameters: {', '.join(sizes)}{samples}"
