"""Networks as ONNX and torch.export files, compared with the network before they are written."""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_nets.exporting._compare import greatest_difference
from gan_nets.exporting._exportable import exportable, pretrained
from gan_nets.exporting._onnx import OPSET, onnx_program
from gan_nets.exporting._tracing import (
    check_installed,
    fixed_seed,
    metadata_of,
    one_sentence,
    program_of,
    quiet,
)
from gan_nets.exporting.precision import ExportPrecision, check_precision
from gan_nets.saving.atomic import atomic_write
from gan_nets.saving.target import writing


def export_onnx(
    net: nn.Module,
    path: str | Path,
    *,
    opset: int = OPSET,
    without_dropout: bool = False,
    precision: ExportPrecision = "fp32",
) -> float:
    """Write a network that gives images to an ONNX file; needs gan-nets[onnx].

    The file takes "input" (N, C, H, W) with free batch, height and width, multiples of the network's
    `size_multiple`; or "latents" (N, latents), and "labels" (N,) if there are classes, with a free batch.
    Noise maps that a generator adds to its features are constants. The output is "output" (N, C', H', W').
    Values are float32 in the network's own range, in files of half precision too. The metadata holds what
    config.json does, and "size_multiple", "least_size" and "scale" for networks that take images.

    Before the file is renamed to `path`, onnxruntime runs it on random inputs of several sizes, and the
    results must equal the network's. (RRDBNet for scale 2 fails on torch 2.6, which exports `pixel_unshuffle`
    wrong.)

    Args:
        net: the network, one of this package or a `SpandrelNet`, which is not changed. It is rebuilt from its
            arguments and weights. It may be in a wrapper, such as DataParallel.
        path: the file; its folder is made.
        opset: version of ONNX's operators, from 18 to the newest of the installed onnx.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.
        precision: of weights and computation. "fp16" makes the file half as large. Norms compute in
            float32, and so does the rest where a runtime has no such kernel, as onnxruntime on many CPUs.

    Returns:
        The greatest difference that was found.

    Raises:
        ModuleNotFoundError: without gan-nets[onnx].
        ValueError: the network gives no images, has dropout on at inference, or cannot be exported in that
            opset; or the file's results differ from the network's by more than the precision allows (0.001
            and 0.02 of an output in [-1, 1]).

    Examples:
        >>> export_onnx(SRResNet(blocks=1, width=4), "net.onnx") < 1e-3  # doctest: +SKIP
    """
    check_precision(precision)
    check_installed("ONNX", "onnx", "onnxscript", "onnxruntime")
    import onnxruntime
    from onnx.defs import onnx_opset_version

    newest = onnx_opset_version()
    if not OPSET <= opset <= newest:
        raise ValueError(f"expected an opset from {OPSET} to {newest}, the newest of this onnx; got {opset}")
    net = pretrained(net)
    with quiet(), fixed_seed(), writing(Path(path)), atomic_write(Path(path)) as file:
        eager = exportable(net, without_dropout=without_dropout)
        with one_sentence(net):
            onnx = onnx_program(net, eager, opset, precision)
            onnx.save(file, external_data=False)
            session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

        def run(*inputs: Tensor) -> Tensor:
            by_name = {name: x.numpy() for name, x in zip(eager.names, inputs, strict=True)}
            with one_sentence(net):
                return torch.from_numpy(session.run(["output"], by_name)[0])

        return greatest_difference(eager, run, network=type(net).__name__, precision=precision)


def export_program(
    net: nn.Module,
    path: str | Path,
    *,
    without_dropout: bool = False,
    precision: ExportPrecision = "fp32",
) -> float:
    """Write a network that gives images to a .pt2 file of `torch.export`.

    `torch.export.load(path).module()` loads it without this package. Inputs, output and metadata (an extra
    file, "metadata.json") are those of `export_onnx`, and it is compared in the same way. Loading a .pt2 may
    execute code in it: open only those whose origin you trust.

    Args:
        net: the network, one of this package or a `SpandrelNet`, which is not changed. It is rebuilt from its
            arguments and weights. It may be in a wrapper, such as DataParallel.
        path: the file; its folder is made.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.
        precision: of weights and computation, but for norms, which compute in float32.

    Returns:
        The greatest difference that was found.

    Raises:
        ValueError: as in `export_onnx`.

    Examples:
        >>> export_program(SRResNet(blocks=1, width=4), "net.pt2") < 1e-3  # doctest: +SKIP
    """
    check_precision(precision)
    net = pretrained(net)
    with quiet(), fixed_seed(), writing(Path(path)), atomic_write(Path(path)) as file:
        eager = exportable(net, without_dropout=without_dropout)
        with one_sentence(net):
            metadata = json.dumps(metadata_of(net, eager))
            torch.export.save(program_of(eager, precision), file, extra_files={"metadata.json": metadata})
            program = torch.export.load(file).module()

        def run(*inputs: Tensor) -> Tensor:
            with one_sentence(net):
                return program(*inputs)

        return greatest_difference(eager, run, network=type(net).__name__, precision=precision)
