"""Networks as ONNX and torch.export files, compared with the network before they are written."""

import json
import warnings
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.fx.experimental import _config

from gan_nets.exporting._compare import greatest_difference, most_multiples
from gan_nets.exporting._exportable import Exportable, ImageExport, exportable, pretrained
from gan_nets.exporting._simplified import simplified
from gan_nets.networks.spandrel_net import SpandrelNet
from gan_nets.saving.atomic import atomic_write
from gan_nets.saving.pretrained import PretrainedModule
from gan_nets.saving.target import writing

OPSET = 18  # torch's exporter is written for this version of ONNX's operators, and converts to newer ones


def export_onnx(
    net: nn.Module, path: str | Path, *, opset: int = OPSET, without_dropout: bool = False
) -> float:
    """Write a network that gives images to an ONNX file; needs gan-nets[onnx].

    The file takes "input" (N, C, H, W) with free batch, height and width, multiples of the network's
    `size_multiple`; or "latents" (N, latents), and "labels" (N,) if there are classes, with a free batch.
    Noise maps that a generator adds to its features are constants. The output is "output" (N, C', H', W').
    Values are float32 in the network's own range. The metadata holds what config.json does, and
    "size_multiple", "least_size" and "scale" for networks that take images.

    Before the file is renamed to `path`, onnxruntime runs it on random inputs of several sizes, and the
    results must equal the network's. (RRDBNet for scale 2 fails on torch 2.6, which exports `pixel_unshuffle`
    wrong.)

    Args:
        net: the network, one of this package or a `SpandrelNet`, which is not changed. It is rebuilt from its
            arguments and weights. It may be in a wrapper, such as DataParallel.
        path: the file; its folder is made.
        opset: version of ONNX's operators, from 18 to the newest of the installed onnx.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.

    Returns:
        The greatest difference that was found.

    Raises:
        ModuleNotFoundError: without gan-nets[onnx].
        ValueError: the network gives no images, has dropout on at inference, or cannot be exported in that
            opset; or the file's results differ from the network's.
    """
    try:
        import onnxruntime
        from onnx.defs import onnx_opset_version

        import_module("onnxscript")  # torch's exporter needs it
    except ImportError as error:
        raise ModuleNotFoundError('ONNX files need more packages: pip install "gan-nets[onnx]"') from error
    newest = onnx_opset_version()
    if not OPSET <= opset <= newest:
        raise ValueError(f"expected an opset from {OPSET} to {newest}, the newest of this onnx; got {opset}")
    net = pretrained(net)
    with _quiet(), _fixed_seed(), writing(Path(path)), atomic_write(Path(path)) as file:
        eager = exportable(net, without_dropout=without_dropout)
        with _one_sentence(net):
            exported = torch.onnx.export(
                _program(eager),
                dynamo=True,
                opset_version=opset,
                optimize=True,
                verbose=False,
                input_names=eager.names,
                output_names=["output"],
            )
            onnx = cast("torch.onnx.ONNXProgram", exported)  # None is only for the former exporter
            if onnx.model.opset_imports.get("") != opset:  # a failed conversion is only logged
                raise ValueError(f"it can't be converted to opset {opset}")
            onnx.model.metadata_props.update(_metadata(net, eager))
            onnx.save(file, external_data=False)
            session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

        def run(*inputs: Tensor) -> Tensor:
            by_name = {name: x.numpy() for name, x in zip(eager.names, inputs, strict=True)}
            with _one_sentence(net):
                return torch.from_numpy(session.run(["output"], by_name)[0])

        return greatest_difference(eager, run, network=type(net).__name__)


def export_program(net: nn.Module, path: str | Path, *, without_dropout: bool = False) -> float:
    """Write a network that gives images to a .pt2 file of `torch.export`.

    `torch.export.load(path).module()` loads it without this package. Inputs, output and metadata (an extra
    file, "metadata.json") are those of `export_onnx`, and it is compared in the same way. Loading a .pt2 may
    execute code in it: open only those whose origin you trust.

    Args:
        net: the network, one of this package or a `SpandrelNet`, which is not changed. It is rebuilt from its
            arguments and weights. It may be in a wrapper, such as DataParallel.
        path: the file; its folder is made.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.

    Returns:
        The greatest difference that was found.

    Raises:
        ValueError: as in `export_onnx`.
    """
    net = pretrained(net)
    with _quiet(), _fixed_seed(), writing(Path(path)), atomic_write(Path(path)) as file:
        eager = exportable(net, without_dropout=without_dropout)
        with _one_sentence(net):
            metadata = json.dumps(_metadata(net, eager))
            torch.export.save(_program(eager), file, extra_files={"metadata.json": metadata})
            program = torch.export.load(file).module()

        def run(*inputs: Tensor) -> Tensor:
            with _one_sentence(net):
                return program(*inputs)

        return greatest_difference(eager, run, network=type(net).__name__)


def _program(eager: Exportable) -> ExportedProgram:
    most = most_multiples(eager)
    example, shapes = eager.sample(2, most, most + 1), eager.dynamic_shapes()
    with _sides_of_one():
        return torch.export.export(simplified(eager), example, dynamic_shapes=shapes, strict=False)


def _sides_of_one() -> AbstractContextManager[object]:
    """Allow maps with a side of one pixel, as at a U-Net's bottleneck; torch's ONNX exporter does so too."""
    known = hasattr(_config, "backed_size_oblivious")  # torch 2.6 has no such option, and allows them anyway
    return _config.patch(backed_size_oblivious=True) if known else nullcontext()  # type: ignore[attr-defined]


def _metadata(net: PretrainedModule | SpandrelNet, eager: Exportable) -> dict[str, str]:
    facts: dict[str, Any] = net.describe()
    if isinstance(eager, ImageExport):
        side = eager.least * eager.multiple
        scale = eager(*eager.sample(1, eager.least, eager.least)).shape[-1] // side
        facts |= {"size_multiple": eager.multiple, "least_size": side, "scale": scale}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}


@contextmanager
def _one_sentence(net: PretrainedModule | SpandrelNet) -> Generator[None]:
    """Turn any error of torch or onnxruntime, but an OSError, into a ValueError of one sentence."""
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
def _fixed_seed() -> Generator[None]:
    """The same random numbers at each call; the caller's random state is restored."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@contextmanager
def _quiet() -> Generator[None]:
    """Without gradients, and without the warnings of torch's exporters for their own developers."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        yield
