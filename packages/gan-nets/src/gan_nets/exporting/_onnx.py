"""A network as an ONNX model in memory."""

from typing import cast

import torch

from gan_nets.exporting._exportable import Exportable
from gan_nets.exporting._tracing import metadata_of, program_of
from gan_nets.exporting.precision import ExportPrecision
from gan_nets.networks.spandrel_net import SpandrelNet
from gan_nets.saving.pretrained import PretrainedModule

OPSET = 18  # torch's exporter is written for this version of ONNX's operators, and converts to newer ones


def onnx_program(
    net: PretrainedModule | SpandrelNet, eager: Exportable, opset: int, precision: ExportPrecision
) -> "torch.onnx.ONNXProgram":
    """The network with its metadata.

    Args:
        net: the network.
        eager: the same, with the inputs of the file.
        opset: version of ONNX's operators.
        precision: of weights and computation.

    Raises:
        ValueError: it can't be converted to the opset.
    """
    exported = torch.onnx.export(
        program_of(eager, precision),
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
    onnx.model.metadata_props.update(metadata_of(net, eager))
    return onnx
