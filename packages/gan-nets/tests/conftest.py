"""Every network of the package, small, and the numbers that the original repositories produced."""

import json
from itertools import product
from pathlib import Path

import pytest
from gan_nets import CoarseToFineUNet, PatchDiscriminator, PixelDiscriminator, ResnetGenerator, UNetGenerator
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
    "patch": (lambda norm: PatchDiscriminator(layers=2, width=4, norm=norm), (24, 32)),
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


@pytest.fixture(scope="session")
def read_parity():
    """From a file's name to (weights, inputs, outputs, constructor): see parity/README.md."""

    def read(name):
        with safe_open(Path(__file__).parent / "parity" / f"{name}.safetensors", "pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # not a dict
            constructor = json.loads(file.metadata()["constructor"])
        # Stored as half precision, exactly: the values were rounded before the original ran.
        tensors = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}

        def part(prefix):
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        return part("weights/"), part("input/"), part("output/"), constructor

    return read
