"""Networks as OpenVINO files, compared with the network before they are written."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from gan_nets.exporting._compare import greatest_difference
from gan_nets.exporting._exportable import exportable, pretrained
from gan_nets.exporting._onnx import OPSET, onnx_program
from gan_nets.exporting._tracing import check_installed, fixed_seed, one_sentence, quiet
from gan_nets.exporting.precision import ExportPrecision, check_precision
from gan_nets.saving.target import writing


def export_openvino(
    net: nn.Module,
    path: str | Path,
    *,
    without_dropout: bool = False,
    precision: ExportPrecision = "fp32",
) -> float:
    """Write a network that gives images as an .xml file of OpenVINO, with its weights in a .bin beside it.

    Inputs and output are those of `export_onnx`, and so is the metadata, as runtime information under
    "gan_nets". Before the files are moved to their place, OpenVINO runs them on the CPU in float32, on random
    inputs of several sizes, and the results must equal the network's. OpenVINO reads the network as ONNX
    here, since its converter of torch's networks reports its use over the Internet.

    Args:
        net: the network, one of this package or a `SpandrelNet`, which is not changed. It is rebuilt from its
            arguments and weights. It may be in a wrapper, such as DataParallel.
        path: the .xml file; its folder is made.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.
        precision: of the weights. The device computes in a precision of its own, which OpenVINO's
            INFERENCE_PRECISION_HINT sets.

    Returns:
        The greatest difference that was found.

    Raises:
        ModuleNotFoundError: without gan-nets[openvino].
        ValueError: the suffix is another one; or as in `export_onnx`.

    Examples:
        >>> export_openvino(SRResNet(blocks=1, width=4), "net.xml") < 1e-3  # doctest: +SKIP
    """
    path = Path(path)
    if path.suffix != ".xml":
        raise ValueError(f"expected a path that ends in .xml, as OpenVINO does; got {path}")
    check_precision(precision)
    check_installed("OpenVINO", "onnx", "onnxscript", "openvino")
    import openvino

    net = pretrained(net)
    with quiet(), fixed_seed(), writing(path):
        eager = exportable(net, without_dropout=without_dropout)
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".writing-", dir=path.parent) as folder:
            file = Path(folder) / path.name
            with one_sentence(net):
                # In half precision OpenVINO stores the weights so, and lets the device decide on the rest.
                onnx = onnx_program(net, eager, OPSET, "fp32")
                core = openvino.Core()
                core.set_property({"ENABLE_MMAP": False})  # Windows does not move a file that is mapped
                model = core.read_model(onnx.model_proto.SerializeToString())
                for key, value in onnx.model.metadata_props.items():
                    model.set_rt_info(value, ["gan_nets", key])
                openvino.save_model(model, file, compress_to_fp16=precision == "fp16")
                compiled = core.compile_model(
                    core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
                )

            def run(*inputs: Tensor) -> Tensor:
                by_name = {name: x.numpy() for name, x in zip(eager.names, inputs, strict=True)}
                with one_sentence(net):
                    return torch.from_numpy(compiled(by_name)["output"].copy())

            difference = greatest_difference(eager, run, network=type(net).__name__, precision=precision)
            for suffix in (".bin", ".xml"):
                file.with_suffix(suffix).replace(path.with_suffix(suffix))
            return difference
