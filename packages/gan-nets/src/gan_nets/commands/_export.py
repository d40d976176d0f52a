"""`gan-nets export`: a network for other runtimes, checked before it is there."""

import argparse
from pathlib import Path

import gan_nets
from gan_nets.exporting.export import OPSET, export_onnx, export_program


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    command = commands.add_parser(
        "export",
        help="write an ONNX or a torch.export file",
        description="Write a network as an ONNX file, which needs gan-nets[onnx], or for torch.export. "
        "Batch, height and width are free. The file is run on several sizes and must give what the network "
        "gives before it is put in its place.",
    )
    command.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="what gan_nets.load opens")
    command.add_argument("out", metavar="OUT", type=Path, help="the file to write, .onnx or .pt2")
    command.add_argument(
        "--opset", metavar="N", type=int, help=f"version of ONNX's operators, at least {OPSET} ({OPSET})"
    )
    command.add_argument(
        "--without-dropout", action="store_true", help="leave out dropout that is on at inference"
    )
    command.add_argument("--net", metavar="NAME", help="which network, of the folder of a run")
    command.add_argument("--overwrite", action="store_true", help="replace a file that is there already")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    out, onnx = options.out, options.out.suffix == ".onnx"
    if out.suffix not in (".onnx", ".pt2"):
        raise ValueError(f"expected OUT to end in .onnx or .pt2; got {out}")
    if options.opset is not None and not onnx:
        raise ValueError(f"expected --opset with an .onnx file only; got {out}")
    if out.exists() and not options.overwrite:
        raise FileExistsError(f"{out} is there already; name another file, or replace it with --overwrite")
    net = gan_nets.load(options.checkpoint, net=options.net)
    if onnx:
        opset = options.opset or OPSET
        difference = export_onnx(net, out, opset=opset, without_dropout=options.without_dropout)
    else:
        difference = export_program(net, out, without_dropout=options.without_dropout)
    print(f"network: {type(net).__name__}\nsaved:   {out}\nchecked: differs by {difference:.1e} at most")
