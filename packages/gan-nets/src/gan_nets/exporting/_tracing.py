"""A network as a torch.export program, and what all exports of one share."""

import json
import warnings
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx.experimental import _config

from gan_nets.exporting._compare import most_multiples
from gan_nets.exporting._exportable import Exportable, ImageExport
from gan_nets.exporting._half import HalfPrecision
from gan_nets.exporting._simplified import simplified
from gan_nets.exporting.precision import ExportPrecision
from gan_nets.networks.spandrel_net import SpandrelNet
from gan_nets.saving.pretrained import PretrainedModule


def program_of(eager: Exportable, precision: ExportPrecision) -> ExportedProgram:
    """The network's program, whose batch, height and width are free."""
    most = most_multiples(eager)
    example, shapes, net = eager.sample(2, most, most + 1), eager.dynamic_shapes(), simplified(eager)
    with sides_of_one():
        if precision == "fp32":
            return torch.export.export(net, example, dynamic_shapes=shapes, strict=False)
        by_place = {"inputs": tuple(shapes.values())}
        return torch.export.export(HalfPrecision(net), example, dynamic_shapes=by_place, strict=False)


def sides_of_one() -> AbstractContextManager[object]:
    """Allow maps with a side of one pixel, as at a U-Net's bottleneck; torch's ONNX exporter does so too."""
    known = hasattr(_config, "backed_size_oblivious")  # torch 2.6 has no such option, and allows them anyway
    return _config.patch(backed_size_oblivious=True) if known else nullcontext()  # type: ignore[attr-defined]


def metadata_of(net: PretrainedModule | SpandrelNet, eager: Exportable) -> dict[str, str]:
    """What config.json holds and, for networks that take images, their sizes."""
    facts: dict[str, Any] = net.describe()
    if isinstance(eager, ImageExport):
        side = eager.least * eager.multiple
        scale = eager(*eager.sample(1, eager.least, eager.least)).shape[-1] // side
        facts |= {"size_multiple": eager.multiple, "least_size": side, "scale": scale}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}


def check_installed(kind: str, *packages: str) -> None:
    """Raise ModuleNotFoundError unless the packages that files of a kind need are installed."""
    try:
        for package in packages:
            import_module(package)
    except ImportError as error:
        raise ModuleNotFoundError(
            f"{kind} files need more packages: pip install {' '.join(packages)}"
        ) from error


@contextmanager
def one_sentence(net: PretrainedModule | SpandrelNet) -> Generator[None]:
    """Turn any error of torch or of a runtime, but an OSError, into a ValueError of one sentence."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        root: BaseException = error  # the exporter wraps it in advice to its own developers
        while root.__cause__ is not None:
            root = root.__cause__
        reason = (str(root).strip() or type(root).__name__).splitlines()[0]
        raise ValueError(
            f"torch {torch.__version__} could not export this {type(net).__name__} ({reason}); "
            "try the newest torch and onnxscript"
        ) from error


@contextmanager
def fixed_seed() -> Generator[None]:
    """The same random numbers at each call; the caller's random state is restored."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@contextmanager
def quiet() -> Generator[None]:
    """Without gradients, and without the warnings of torch's exporters for their own developers."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        yield
