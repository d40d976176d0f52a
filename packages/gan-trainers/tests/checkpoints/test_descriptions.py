"""A checkpoint describes its networks, so that they can be loaded without the recipe."""

import json

import torch
from gan_trainers import EMA, Run
from safetensors.torch import load_file
from torch import nn


class Describable(nn.Conv2d):
    def describe(self):
        return {"class": "Describable", "in_channels": self.in_channels}


def saved(run):
    for _ in run.steps(run.loader(torch.zeros(2, 3, 2, 2), 1), until=1):
        run.save()
    folder = run.out / "checkpoints" / "00000001"
    file = folder / "networks.json"
    return (json.loads(file.read_text()) if file.exists() else None), folder


def test_networks_that_can_describe_themselves_are_described(tmp_path):
    run = Run(tmp_path, precision="fp32")
    g, d, plain = Describable(3, 3, 1), Describable(4, 1, 1), nn.Conv2d(1, 1, 1)
    ema = EMA(g, half_life=1)
    with torch.no_grad():
        g.weight.add_(1)  # the average is another network by now
    run.register(g=g, d=d, plain=plain, ema=ema)
    networks, folder = saved(run)
    assert networks == {
        "d": {
            "network": {"class": "Describable", "in_channels": 4},
            "weights": "shared.safetensors",
            "prefix": "shared.registered.d.",
        },
        "g": {
            "network": {"class": "Describable", "in_channels": 3},
            "weights": "shared.safetensors",
            "prefix": "shared.registered.ema.average.",
        },
    }
    entry = networks["g"]
    weights = load_file(folder / entry["weights"])
    assert torch.equal(weights[entry["prefix"] + "weight"], ema.average.weight)
    assert not torch.equal(weights[entry["prefix"] + "weight"], g.weight)


def test_an_average_alone_is_described_under_its_own_name(tmp_path):
    run = Run(tmp_path, precision="fp32")
    run.register(average=EMA(Describable(3, 3, 1), half_life=1))
    networks, _ = saved(run)
    assert list(networks) == ["average"]
    assert networks["average"]["prefix"] == "shared.registered.average.average."


def test_other_networks_leave_nothing(tmp_path):
    run = Run(tmp_path, precision="fp32")
    run.register(plain=nn.Conv2d(3, 3, 1))
    assert saved(run)[0] is None
