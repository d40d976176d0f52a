"""Networks for other runtimes; each file is compared with its network before it is there."""

import json
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx.experimental import _config

from gan_nets.exporting.exportable import Exportable, Inputs, PictureNet, exportable, simplified
from gan_nets.saving.atomic import aside
from gan_nets.saving.pretrained import PretrainedModule

OPSET = 18  # torch's exporter is written in these operators, and converts them to newer ones
TOLERANCE = 1e-3  # an eighth of a step of 8-bit pixels; of larger values, this part of the largest


def export_onnx(
    net: PretrainedModule, path: str | Path, *, opset: int = OPSET, without_dropout: bool = False
) -> float:
    """Write a network that gives pictures to an ONNX file; needs gan-nets[onnx].

    The file takes "input" (N, C, H, W) with free batch, height and width, multiples of the net's
    `size_multiple`; or "latents" (N, latents), and "labels" (N,) where there are classes, with a free batch.
    Noise that a generator adds to its features is drawn once for all. It gives "output" (N, C', H', W').
    Values are float32 in the network's own range. The metadata says what config.json does, and
    "size_multiple", "least_size" and "scale" of networks that take pictures.

    Before it is put in its place, onnxruntime runs it on random inputs of several sizes, and must give what
    the network gives. (RRDBNet for 2 times fails that on torch 2.6, which gets `pixel_unshuffle` wrong.)

    Args:
        net: the network, which stays as it is.
        path: the file; its folder is made.
        opset: version of ONNX's operators, at least 18.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.

    Returns:
        The greatest difference that was found.

    Raises:
        ModuleNotFoundError: without gan-nets[onnx].
        ValueError: the network gives no pictures, has dropout on at inference, or can't be exported; or the
            file does not give what the network gives.
    """
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  # of which torch's exporter is made
    except ImportError as error:
        raise ModuleNotFoundError('ONNX files need more packages: pip install "gan-nets[onnx]"') from error
    if opset < OPSET:
        raise ValueError(f"expected an opset of at least {OPSET}; got {opset}")
    with _quiet(), _fixed_seed(), aside(Path(path)) as file:
        eager = exportable(net, without_dropout=without_dropout)
        with _in_words(net):
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
            onnx.model.metadata_props.update(_metadata(net, eager))
            onnx.save(file, external_data=False)
            session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

        def run(*inputs: Tensor) -> Tensor:
            fed = {name: x.numpy() for name, x in zip(eager.names, inputs, strict=True)}
            return torch.from_numpy(session.run(["output"], fed)[0])

        return _difference(eager, run, net)


def export_program(net: PretrainedModule, path: str | Path, *, without_dropout: bool = False) -> float:
    """Write a network that gives pictures to a .pt2 file of `torch.export`.

    `torch.export.load(path).module()` gives it back, without this package, and with the same inputs, output
    and metadata (an extra file, "metadata.json") as `export_onnx` has; it is compared in the same way.
    Loading a .pt2 may execute what it holds: open only those whose origin you trust.

    Args:
        net: the network, which stays as it is.
        path: the file; its folder is made.
        without_dropout: leave out dropout that is on at inference, which is refused otherwise.

    Returns:
        The greatest difference that was found.

    Raises:
        ValueError: as `export_onnx` does.
    """
    with _quiet(), _fixed_seed(), aside(Path(path)) as file:
        eager = exportable(net, without_dropout=without_dropout)
        with _in_words(net):
            metadata = json.dumps(_metadata(net, eager))
            torch.export.save(_program(eager), file, extra_files={"metadata.json": metadata})
            run = torch.export.load(file).module()
        return _difference(eager, run, net)


def _program(eager: Exportable) -> ExportedProgram:
    most = _most(eager)
    example = eager.draw(2, most, most + 1)
    with _sides_of_one():
        return torch.export.export(simplified(eager), example, dynamic_shapes=eager.free(), strict=False)


def _sides_of_one() -> AbstractContextManager[object]:
    """Lets maps have a side of one pixel, as at a U-Net's bottleneck; torch's ONNX exporter does so too."""
    known = hasattr(_config, "backed_size_oblivious")  # unknown to torch 2.6, which lets them anyway
    return _config.patch(backed_size_oblivious=True) if known else nullcontext()  # type: ignore[attr-defined]


def _metadata(net: PretrainedModule, eager: Exportable) -> dict[str, str]:
    facts: dict[str, Any] = net.describe()
    if isinstance(eager, PictureNet):
        side = eager.least * eager.multiple
        scale = eager(*eager.draw(1, eager.least, eager.least)).shape[-1] // side
        facts |= {"size_multiple": eager.multiple, "least_size": side, "scale": scale}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}


def _difference(eager: Exportable, run: Callable[..., Tensor], net: PretrainedModule) -> float:
    """The greatest difference over several inputs.

    Raises:
        ValueError: one is too great.
    """
    greatest = 0.0
    for inputs in _trials(eager):
        expected = eager(*inputs)
        with _in_words(net):
            got = run(*inputs)
        same = expected.shape == got.shape
        difference = (expected - got).abs().max().item() if same else math.inf
        if not difference <= TOLERANCE * max(1.0, expected.abs().max().item()):  # NaN neither
            raise ValueError(
                f"the exported {type(net).__name__} gives {tuple(got.shape)} that differ by {difference:.2g} "
                f"from the network's {tuple(expected.shape)} for inputs {tuple(inputs[0].shape)}; "
                "nothing is written; try the newest torch"
            )
        greatest = max(greatest, difference)
    return greatest


def _trials(eager: Exportable) -> Iterator[Inputs]:
    """One input of the least size, and some of random sizes."""
    yield eager.draw(1, eager.least, eager.least)
    for batch in (1, 2, 3):
        height, width = torch.randint(eager.least, _most(eager) + 1, (2,)).tolist()
        yield eager.draw(batch, height, width)


def _most(eager: Exportable) -> int:
    """Multiples up to which inputs are tried: 48 pixels, or twice the least size if that is more."""
    return max(48 // eager.multiple, 2 * eager.least)


@contextmanager
def _in_words(net: PretrainedModule) -> Iterator[None]:
    """One sentence for what goes wrong inside torch or onnxruntime, whose errors are many."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        root: BaseException = error  # the exporter wraps it in advice to those who work on it
        while root.__cause__ is not None:
            root = root.__cause__
        reason = (str(root).strip() or type(root).__name__).splitlines()[0]
        raise ValueError(
            f"torch {torch.__version__} could not export this {type(net).__name__} ({reason}); "
            "try the newest torch and onnxscript"
        ) from error


@contextmanager
def _fixed_seed() -> Iterator[None]:
    """The same inputs each time, and the caller's random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings that torch's exporters give to those who work on them."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        yield
