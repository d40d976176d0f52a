"""Networks of any size, under the originals' keys, are converted with the same arguments and weights.

The keys are derived here again, from the originals' lists of modules: each module has an index in its list,
with weights or without.
"""

import random
from itertools import count

import pytest
import torch
from gan_nets import (
    GlobalGenerator,
    InstanceEncoder,
    LocalEnhancer,
    MSRResNet,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    RRDBNet,
    SRVGGNetCompact,
    UNetGenerator,
    VGGStyleDiscriminator,
    interop,
)


def original_state(net):
    """The network's tensors under the original's keys; blur kernels of CUT's among them."""
    names = NAMES[type(net)](net)
    state = {}
    for key, value in net.state_dict().items():
        layer, _, leaf = key.rpartition(".")
        state[f"{names[layer]}.{leaf}"] = value
    if isinstance(net, ResnetGenerator):
        state |= {f"{path}.filt": kernel for path, kernel in blurs(net).items()}
    return state


def walk(path, steps):
    """Original paths of modules of a list; each step is (modules to skip, our name or None)."""
    index = 0
    for skipped, ours in steps:
        index += skipped
        if ours:
            yield ours, f"{path}.{index}"
        index += 1


def conv_norm_relu(ours, *, before=0, after=0):
    """A convolution, after `before` modules without weights, a norm, a ReLU, and `after` more."""
    return [(before, f"{ours}.conv"), (0, f"{ours}.norm"), (after, None)]


def resnet_block(ours, path, *, dropout=False):
    steps = conv_norm_relu(f"{ours}.first", before=1)
    steps += [(dropout + 1, f"{ours}.conv"), (0, f"{ours}.norm")]
    return dict(walk(f"{path}.conv_block", steps))


def resnet(net):
    steps = conv_norm_relu("input", before=1)
    for down in range(2):
        steps += conv_norm_relu(f"downs.{down}", after=int(net.blurred))
    steps += [(0, f"blocks.{block}") for block in range(len(net.blocks))]
    for up in range(2):
        steps += conv_norm_relu(f"ups.{up}", before=int(net.resized))
    names = dict(walk("model", [*steps, (1, "output")]))
    for block in range(len(net.blocks)):
        path = names.pop(f"blocks.{block}")
        names |= resnet_block(f"blocks.{block}", path, dropout=net.blocks[block].first.dropout.p > 0)
    return names


def blurs(net):
    names = {theirs: ours for ours, theirs in resnet(net).items()}
    down, up = torch.tensor([1.0, 2, 1]) / 4, torch.tensor([1.0, 3, 3, 1]) / 4
    found = {}
    for theirs, ours in names.items():
        index = int(theirs.split(".")[1])
        if net.blurred and ours.startswith("downs") and ours.endswith("norm"):
            found[f"model.{index + 2}"] = torch.outer(down, down)[None, None]
        if net.resized and ours.startswith("ups") and ours.endswith("conv"):
            found[f"model.{index - 1}"] = torch.outer(up, up)[None, None]
    return found


def unet(net):
    depth = len(net.downs)
    names, path = {"downs.0.conv": "model.model.0", "output": "model.model.3"}, "model.model.1.model"
    for level in range(1, depth):
        innermost, up = level == depth - 1, depth - 1 - level
        steps = [(1, f"downs.{level}.conv")]
        steps += [] if innermost else [(0, f"downs.{level}.norm"), (0, None)]
        steps += [(1, f"ups.{up}.conv"), (0, f"ups.{up}.norm")]
        names |= dict(walk(path, steps))
        path += ".3.model"
    return names


def patch_steps(blocks):
    """Convolution and LeakyReLU, then with a norm in between, then the last convolution."""
    steps = [(0, "blocks.0.conv"), (0, None)]
    for block in range(1, blocks):
        steps += conv_norm_relu(f"blocks.{block}")
    return [*steps, (0, "output")]


def patch(net):
    return dict(walk("model", patch_steps(len(net.blocks))))


def pixel(_net):
    return dict(walk("net", [(0, "input"), (1, "hidden"), (0, "norm"), (1, "output")]))


def multiscale(net):
    names = {}
    for scale, theirs in enumerate(reversed(range(len(net.scales)))):
        steps = patch_steps(len(net.scales[scale].blocks))
        names |= {f"scales.{scale}.{ours}": path for ours, path in walk(f"layer{theirs}", steps)}
    return names


def trunk(ours, net_trunk, *, output=None):
    steps = conv_norm_relu(f"{ours}.input", before=1)
    for down in range(len(net_trunk.downs)):
        steps += conv_norm_relu(f"{ours}.downs.{down}")
    steps += [(0, f"{ours}.blocks.{block}") for block in range(len(net_trunk.blocks))]
    for up in range(len(net_trunk.ups)):
        steps += conv_norm_relu(f"{ours}.ups.{up}")
    names = dict(walk("model", steps + ([(1, output)] if output else [])))
    for block in range(len(net_trunk.blocks)):
        names |= resnet_block(f"{ours}.blocks.{block}", names.pop(f"{ours}.blocks.{block}"))
    return names


def whole(net):
    return trunk("trunk", net.trunk, output="output")


def local(net):
    names = trunk("coarse", net.coarse)
    for index, enhancer in enumerate(net.enhancers):
        ours, last = f"enhancers.{index}", index == len(net.enhancers) - 1
        down = conv_norm_relu(f"{ours}.input", before=1) + conv_norm_relu(f"{ours}.down")
        names |= dict(walk(f"model{index + 1}_1", down))
        blocks = [f"{ours}.blocks.{block}" for block in range(len(enhancer.blocks))]
        up = [(0, block) for block in blocks] + conv_norm_relu(f"{ours}.up")
        names |= dict(walk(f"model{index + 1}_2", up + ([(1, "output")] if last else [])))
        for block in blocks:
            names |= resnet_block(block, names.pop(block))
    return names


def msrresnet(net):
    names = {"input": "conv_first", "full_size": "conv_hr", "output": "conv_last"}
    names |= {f"ups.{index}.conv": f"upconv{index + 1}" for index in range(2)}
    for block in range(len(net.blocks)):
        for ours, theirs in (("first", "conv1"), ("second", "conv2")):
            names[f"blocks.{block}.{ours}"] = f"body.{block}.{theirs}"
    return names


def rrdbnet(net):
    names = {"input": "conv_first", "trunk": "conv_body", "full_size": "conv_hr", "output": "conv_last"}
    names |= {f"ups.{index}": f"conv_up{index + 1}" for index in range(2)}
    for block in range(len(net.blocks)):
        for dense in range(3):
            for conv in range(5):
                ours = f"blocks.{block}.dense.{dense}.convs.{conv}"
                names[ours] = f"body.{block}.rdb{dense + 1}.conv{conv + 1}"
    return names


def compact(net):
    steps = [(0, "input.conv"), (0, "input.act")]
    for block in range(len(net.blocks)):
        steps += [(0, f"blocks.{block}.conv"), (0, f"blocks.{block}.act")]
    return dict(walk("body", [*steps, (0, "output")]))


def vgg(net):
    names, block = {"hidden": "linear1", "output": "linear2"}, count()
    for level in range(len(net.blocks) // 2):
        for index in range(2):
            ours = f"blocks.{next(block)}"
            names |= {f"{ours}.conv": f"conv{level}_{index}", f"{ours}.norm": f"bn{level}_{index}"}
    return names


NAMES = {
    ResnetGenerator: resnet,
    UNetGenerator: unet,
    PatchDiscriminator: patch,
    PixelDiscriminator: pixel,
    GlobalGenerator: whole,
    LocalEnhancer: local,
    InstanceEncoder: whole,
    MultiscaleDiscriminator: multiscale,
    MSRResNet: msrresnet,
    RRDBNet: rrdbnet,
    SRVGGNetCompact: compact,
    VGGStyleDiscriminator: vgg,
}


def sample(seed):
    """All networks whose original is one plain list, with random arguments."""
    rng = random.Random(seed)
    some, norm = rng.randint, rng.choice(["batch", "instance", "none"])
    hd_norm = rng.choice(["batch", "instance"])  # pix2pixHD has no "none"
    channels = (some(1, 5), some(1, 5))
    blur = {"downsample": rng.choice(["strided", "blurred"])}
    blur["upsample"] = rng.choice(["transposed", "resized"])
    dropout = {"dropout": rng.choice([0.0, 0.5])}
    width, blocks, downs = some(2, 9), some(1, 12), some(1, 4)
    scale = rng.choice([2, 3, 4])
    same = (channels[0], channels[0])
    return [
        ResnetGenerator(*channels, blocks=blocks, width=width, norm=norm, **blur, **dropout),
        UNetGenerator(*channels, depth=some(2, 9), width=width, norm=norm),
        PatchDiscriminator(channels[0], layers=some(1, 6), width=width, norm=norm),
        PixelDiscriminator(channels[0], width=width, norm=norm),
        GlobalGenerator(
            *channels, width=width, downsamplings=downs + (downs == 2), blocks=blocks, norm=hd_norm
        ),
        LocalEnhancer(
            *channels,
            width=width,
            downsamplings=downs,
            blocks=blocks,
            enhancer_blocks=some(1, 4),
            enhancers=some(1, 2),
            norm=hd_norm,
        ),
        InstanceEncoder(*channels, width=width, downsamplings=downs, norm=hd_norm),
        MultiscaleDiscriminator(channels[0], scales=some(1, 4), layers=some(1, 4), width=width, norm=hd_norm),
        MSRResNet(*same, scale=scale, blocks=blocks, width=width),
        RRDBNet(*same, scale=rng.choice([1, 2, 4]), blocks=blocks % 4 + 1, width=width, growth=some(1, 6)),
        VGGStyleDiscriminator(channels[0], width=width, size=2 ** some(5, 8)),
        SRVGGNetCompact(*same, scale=some(1, 5), convs=blocks, width=width),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_random_arguments_are_read_off_the_keys(seed):
    for net in sample(seed):
        found = interop.convert(original_state(net))
        assert found.describe() == net.describe()
        state = net.state_dict()
        assert all(torch.equal(value, state[key]) for key, value in found.state_dict().items())
