"""Networks as Core ML packages, compared with the network before they are written."""

import io
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan_nets.exporting._compare import greatest_difference, most_multiples
from gan_nets.exporting._exportable import Exportable, exportable, pretrained
from gan_nets.exporting._mil import evaluate
from gan_nets.exporting._simplified import BatchStatisticsNorm, simplified
from gan_nets.exporting._tracing import (
    check_installed,
    fixed_seed,
    metadata_of,
    one_sentence,
    quiet,
    sides_of_one,
)
from gan_nets.exporting.precision import ExportPrecision, check_precision
from gan_nets.layers.norm import InstanceNorm
from gan_nets.saving.target import PACKAGE, check_package, writing

MOST_SIDE = 4096  # pixels of an input: Core ML needs a bound
IN_FLOAT32 = ("instance_norm", "linear", "reduce_mean", "rsqrt")  # squares overflow in half precision


def export_coreml(
    net: nn.Module,
    path: str | Path,
    *,
    without_dropout: bool = False,
    precision: ExportPrecision = "fp32",
) -> float:
    """Write a network that gives images as an .mlpackage of Core ML, for macOS 13 or iOS 16 and newer.

    Inputs, output and metadata are those of `export_onnx`, but for the batch, which is 1, the type of labels,
    int32, and height and width, which are free up to 4096 pixels.

    Before the package is moved to its place, it is run on random inputs of several sizes, and the results
    must equal the network's. Core ML is a part of macOS. On other systems torch computes the operations that
    the package holds as coremltools documents them; what Apple's runtime makes of them is not seen there.

    Args:
        net: the network, one of this package or a `SpandrelNet`, which is not changed. It is rebuilt from its
            arguments and weights. It may be in a wrapper, such as DataParallel.
        path: the .mlpackage, which is a folder; an existing package is replaced.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.
        precision: of weights and computation, but for norms and linear layers, which compute in float32.

    Returns:
        The greatest difference that was found.

    Raises:
        ModuleNotFoundError: without gan-nets[coreml].
        OSError: there is something else than a package of Core ML at `path`.
        ValueError: the suffix is another one; an operation is one that torch cannot compute here, so that
            nothing is compared; or as in `export_onnx`.

    Examples:
        >>> export_coreml(SRResNet(blocks=1, width=4), "net.mlpackage") < 1e-3  # doctest: +SKIP
    """
    path = Path(path)
    if path.suffix != PACKAGE:
        raise ValueError(f"expected a path that ends in {PACKAGE}, as Core ML does; got {path}")
    check_precision(precision)
    check_package(path)
    net = pretrained(net)
    with quiet(), redirect_stderr(io.StringIO()), fixed_seed(), writing(path):  # progress bars
        check_installed("Core ML", "coremltools")
        eager = exportable(net, without_dropout=without_dropout)
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".writing-", dir=path.parent) as folder:
            file = Path(folder) / path.name
            with one_sentence(net):
                model = _converted(eager, precision)
                model.user_defined_metadata.update(metadata_of(net, eager))
                model.save(str(file))
                run_file = _runner(file)

            def run(*inputs: Tensor) -> Tensor:
                with one_sentence(net):
                    return run_file(dict(zip(eager.names, inputs, strict=True)))

            difference = greatest_difference(
                eager, run, network=type(net).__name__, precision=precision, batches=(1, 1, 1)
            )
            if path.exists():
                shutil.rmtree(path)
            file.replace(path)
            return difference


def _converted(eager: Exportable, precision: ExportPrecision) -> Any:
    """The model of coremltools, for one image at a time."""
    import coremltools

    net = simplified(eager)
    _name_norms_(net)
    most = most_multiples(eager)
    example, shapes = eager.sample(1, most, most + 1), eager.dynamic_shapes(batch=False, most=MOST_SIDE)
    with sides_of_one():
        program = torch.export.export(net, example, dynamic_shapes=shapes, strict=False)
    half = coremltools.transform.FP16ComputePrecision(lambda each: each.op_type not in IN_FLOAT32)
    return coremltools.convert(
        program.run_decompositions({}),
        convert_to="mlprogram",
        outputs=[coremltools.TensorType(name="output", dtype=float)],
        minimum_deployment_target=coremltools.target.iOS16,  # the first with pixel_unshuffle
        compute_precision=half if precision == "fp16" else coremltools.precision.FLOAT32,
        skip_model_load=True,
    )


def _runner(file: Path) -> Callable[[dict[str, Tensor]], Tensor]:
    """What runs the saved package: Core ML where it is, or else torch."""
    import coremltools

    if sys.platform == "darwin":
        model = coremltools.models.MLModel(str(file))

        def predict(inputs: dict[str, Tensor]) -> Tensor:
            arrays = {name: (x if x.is_floating_point() else x.int()).numpy() for name, x in inputs.items()}
            return torch.from_numpy(model.predict(arrays)["output"])

        return predict
    from coremltools.converters.mil.frontend.milproto.load import load

    model = coremltools.models.MLModel(str(file), skip_model_load=True)
    spec = model.get_spec()
    program = load(spec, spec.specificationVersion, model.weights_dir)
    return lambda inputs: evaluate(program, inputs)


class SingleImageNorm(nn.Module):
    """Instance norm in one operation, which Core ML has; of one image the batch's statistics are the same."""

    def __init__(self, weight: Tensor | None, bias: Tensor | None, eps: float) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = weight, bias, eps

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, H, W) to the same shape."""
        return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


def _name_norms_(module: nn.Module) -> None:
    for name, child in list(module.named_children()):
        if isinstance(child, InstanceNorm):
            module.register_module(name, SingleImageNorm(None, None, 1e-5))
        elif isinstance(child, BatchStatisticsNorm):
            module.register_module(name, SingleImageNorm(child.weight, child.bias, child.eps))
        else:
            _name_norms_(child)
