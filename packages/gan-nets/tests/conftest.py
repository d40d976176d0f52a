"""Every network of the package, small, and the numbers that the original repositories produced."""

import json
import os
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from gan_nets import (
    CoarseToFineUNet,
    GlobalGenerator,
    InstanceEncoder,
    LocalEnhancer,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    SRGANDiscriminator,
    SRResNet,
    UNetGenerator,
)
from safetensors import safe_open


def resnet(norm="instance", **sampling):
    return ResnetGenerator(blocks=2, width=4, norm=norm, **sampling)


MODERN = {"downsample": "blurred", "upsample": "resized"}
NETS = {  # constructor and a fitting height and width
    "unet": (lambda norm: UNetGenerator(depth=4, width=4, norm=norm), (16, 32)),
    "coarse to fine": (
        lambda norm: CoarseToFineUNet(resolutions=(4, 8, 16), width=4, norm=norm),
        (16, 32),
    ),
    "resnet": (resnet, (16, 24)),
    "resnet modern": (lambda norm: resnet(norm, **MODERN), (16, 24)),
    "global": (lambda norm: GlobalGenerator(width=4, downsamplings=2, blocks=2, norm=norm), (16, 24)),
    "local": (
        lambda norm: LocalEnhancer(
            width=2, downsamplings=1, blocks=1, enhancers=2, enhancer_blocks=1, norm=norm
        ),
        (16, 24),
    ),
    "multiscale": (lambda norm: MultiscaleDiscriminator(layers=2, width=4, norm=norm), (24, 32)),
    "encoder": (lambda norm: InstanceEncoder(width=4, downsamplings=2, norm=norm), (16, 24)),
    "patch": (lambda norm: PatchDiscriminator(layers=2, width=4, norm=norm), (24, 32)),
    "srresnet": (lambda norm: SRResNet(scale=2, blocks=2, width=4, norm=norm), (6, 10)),
    "srgan": (lambda norm: SRGANDiscriminator(width=2, hidden=8, norm=norm), (32, 32)),
    "pixel": (lambda norm: PixelDiscriminator(width=4, norm=norm), (8, 6)),
}


@pytest.fixture(params=product(NETS, ("batch", "instance", "none")), ids="-".join)
def every_net(request):
    return request.param


@pytest.fixture
def build(every_net):
    """Makes one of the networks with one of the norms."""
    name, norm = every_net
    return lambda: NETS[name][0](norm)


@pytest.fixture
def size(every_net):
    """A height and width that it takes."""
    return NETS[every_net[0]][1]


@pytest.fixture(params=NETS)
def one_of_each(request):
    """A network with instance norm, and a height and width: for what takes seconds."""
    build, size = NETS[request.param]
    return build("instance"), size


@pytest.fixture(scope="session")
def run():
    """From a network and images to one 4-D output, whatever the network takes and returns besides."""

    def run(net, x):
        if isinstance(net, InstanceEncoder):
            height, width = x.shape[-2:]
            instances = torch.arange(height * width).div(7, rounding_mode="floor") % 5
            return net(x, instances.view(1, 1, height, width).expand(len(x), -1, -1, -1))
        out = net(x)
        if isinstance(out, list):  # all scales, the smaller ones in a corner
            height, width = out[0].shape[-2:]
            corners = [F.pad(y, (0, width - y.shape[-1], 0, height - y.shape[-2])) for y in out]
            return torch.cat(corners, dim=1)
        return out[..., None, None] if out.ndim == 2 else out  # one logit for a whole crop

    return run


@pytest.fixture
def full_disk():
    """A context in which no file can grow beyond some bytes."""
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")

    @contextmanager
    def full_disk(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return full_disk


def parity_file(name):
    """The file beside the tests, or a larger one that is not kept in the repository."""
    here, elsewhere = Path(__file__).parent / "parity", os.environ.get("GAN_PARITY_DIR")
    beside_repository = Path(__file__).parents[min(4, len(Path(__file__).parents) - 1)] / "shared" / "parity"
    folders = [here, Path(elsewhere) if elsewhere else beside_repository]
    for folder in folders:
        if (folder / f"{name}.safetensors").is_file():
            return folder / f"{name}.safetensors"
    return pytest.skip(f"{name}.safetensors is not kept here; GAN_PARITY_DIR can name its folder")


@pytest.fixture(scope="session")
def read_parity():
    """From a file's name to (weights, inputs, outputs, constructor): see parity/README.md."""

    def read(name):
        with safe_open(parity_file(name), "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a dict
            constructor = json.loads(file.metadata()["constructor"])
        # Stored as half precision, exactly: the values were rounded before the original ran.
        tensors = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}

        def part(prefix):
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        return part("weights/"), part("input/"), part("output/"), constructor

    return read
