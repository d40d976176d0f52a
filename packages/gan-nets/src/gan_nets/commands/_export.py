"""`gan-nets export`: a network for other runtimes, compared with the original."""

from pathlib import Path

from cyclopts import CycloptsError

from gan_nets.saving.target import check_target


def export(
    checkpoint: str,
    out: Path,
    /,
    *,
    opset: int | None = None,
    without_dropout: bool = False,
    net: str | None = None,
    overwrite: bool = False,
    revision: str | None = None,
    subfolder: str | None = None,
) -> None:
    """Write an ONNX or a torch.export file.

    Batch, height and width are free. The file is run on several sizes, and must
    give the network's results before it is moved to its place. ONNX needs
    gan-nets[onnx].

    Args:
        checkpoint: The folder of a network or a run, or user/name on the Hugging Face Hub.
        out: The file to write, .onnx or .pt2.
        opset: Version of ONNX's operators (the oldest supported one, 18).
        without_dropout: Leave out dropout that is active at inference.
        net: Which network of a run's folder.
        overwrite: Replace a file that exists.
        revision: Branch, tag or commit of a repository on the Hub.
        subfolder: Folder of the network inside of CHECKPOINT.
    """
    onnx = out.suffix == ".onnx"
    if out.suffix not in (".onnx", ".pt2"):
        raise CycloptsError(f"expected OUT to end in .onnx or .pt2; got {out}")
    if opset is not None and not onnx:
        raise CycloptsError(f"expected --opset with an .onnx file only; got {out}")
    check_target(out, overwrite=overwrite)
    from gan_nets.exporting.export import OPSET, export_onnx, export_program
    from gan_nets.loading.load import load

    network = load(checkpoint, net, revision=revision, subfolder=subfolder)
    if onnx:
        opset = OPSET if opset is None else opset
        difference = export_onnx(network, out, opset=opset, without_dropout=without_dropout)
    else:
        difference = export_program(network, out, without_dropout=without_dropout)
    print(f"network: {type(network).__name__}\nsaved:   {out}\nchecked: differs by {difference:.1e} at most")
