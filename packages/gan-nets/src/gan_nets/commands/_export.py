"""`gan-nets export`: a network for other runtimes, compared with the original."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import CycloptsError

from gan_nets.exporting.precision import ExportPrecision
from gan_nets.saving.target import check_target

if TYPE_CHECKING:
    from torch import nn

FORMATS = (".onnx", ".pt2", ".xml", ".mlpackage")
WITHOUT_CORE_ML = ", with its operations computed by torch; Core ML, which only macOS has, did not run it"


def export(
    checkpoint: str,
    out: Path,
    /,
    *,
    opset: int | None = None,
    precision: ExportPrecision = "fp32",
    without_dropout: bool = False,
    net: str | None = None,
    overwrite: bool = False,
    revision: str | None = None,
    subfolder: str | None = None,
) -> None:
    """Write an ONNX, torch.export, OpenVINO or Core ML file.

    Height and width are free, and so is the batch, but for Core ML. The file is
    run on several sizes, and must give the network's results before it is moved
    to its place. It needs gan-nets[onnx], [openvino] or [coreml].

    Args:
        checkpoint: The folder of a network or a run, or user/name on the Hugging Face Hub.
        out: The file to write: .onnx, .pt2, .xml (OpenVINO) or .mlpackage (Core ML).
        opset: Version of ONNX's operators (the oldest supported one, 18).
        precision: Of weights and computation; inputs and output stay in fp32.
        without_dropout: Leave out dropout that is active at inference.
        net: Which network of a run's folder.
        overwrite: Replace a file that exists.
        revision: Branch, tag or commit of a repository on the Hub.
        subfolder: Folder of the network inside of CHECKPOINT.
    """
    if out.suffix not in FORMATS:
        raise CycloptsError(f"expected OUT to end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}; got {out}")
    if opset is not None and out.suffix != ".onnx":
        raise CycloptsError(f"expected --opset with an .onnx file only; got {out}")
    check_target(out, overwrite=overwrite)
    if out.suffix == ".xml":
        check_target(out.with_suffix(".bin"), overwrite=overwrite)
    from gan_nets.loading.load import load

    network = load(checkpoint, net, revision=revision, subfolder=subfolder)
    difference = _write(network, out, opset, without_dropout=without_dropout, precision=precision)
    note = WITHOUT_CORE_ML if out.suffix == ".mlpackage" and sys.platform != "darwin" else ""
    print(f"network: {type(network).__name__}\nsaved:   {out}")
    print(f"checked: differs by {difference:.1e} at most{note}")


def _write(
    network: "nn.Module", out: Path, opset: int | None, *, without_dropout: bool, precision: ExportPrecision
) -> float:
    """Write the file that the suffix names; returns the greatest difference."""
    from gan_nets.exporting.coreml import export_coreml
    from gan_nets.exporting.export import OPSET, export_onnx, export_program
    from gan_nets.exporting.openvino import export_openvino

    if out.suffix == ".onnx":
        return export_onnx(
            network,
            out,
            opset=OPSET if opset is None else opset,
            without_dropout=without_dropout,
            precision=precision,
        )
    export = {".pt2": export_program, ".xml": export_openvino, ".mlpackage": export_coreml}[out.suffix]
    return export(network, out, without_dropout=without_dropout, precision=precision)
