"""Networks among others: in dicts of dicts, and below a prefix of the keys of one flat dict."""

import pytest
import torch
from gan_nets import PatchDiscriminator, ResnetGenerator, interop
from torch.optim.swa_utils import AveragedModel


@pytest.fixture
def generator(read_parity):
    return read_parity("cyclegan_resnet6_instance")[0]


@pytest.fixture
def discriminator(read_parity):
    return read_parity("patchgan_n3_instance")[0]


def below(prefix, state):
    return {f"{prefix}.{key}": value for key, value in state.items()}


def saved(path, content):
    torch.save(content, path)
    return path


def same(net, state):
    expected = interop.convert(state).state_dict()
    return all(torch.equal(value, expected[key]) for key, value in net.state_dict().items())


def test_lightning_s_one_dict_for_all_players(tmp_path, generator, discriminator):
    content = {
        "state_dict": below("generator", generator) | below("discriminator", discriminator),
        "epoch": 3,
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(2)}}, "param_groups": []}],
        "hyper_parameters": {"lr": 2e-4},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.1), "dirpath": "runs"}},
    }
    path = saved(tmp_path / "last.ckpt", content)
    assert same(interop.convert(path), generator)
    assert same(interop.convert(path, part="generator"), generator)
    assert same(interop.convert(path, part="state_dict.generator"), generator)
    assert type(interop.convert(path, part="discriminator")) is PatchDiscriminator
    with pytest.raises(
        ValueError, match=r"no part 'd'; .*: state_dict, .*state_dict.generator, state_dict.dis"
    ):
        interop.convert(path, part="d")


def test_two_generators_must_be_told_apart(tmp_path, generator):
    other = {key: value + 1 for key, value in generator.items()}
    path = saved(tmp_path / "two.ckpt", {"state_dict": below("G_AB", generator) | below("G_BA", other)})
    with pytest.raises(
        ValueError, match=r"several networks; name one of its parts: state_dict.G_AB, state_dict.G_BA"
    ):
        interop.convert(path)
    assert same(interop.convert(path, part="G_BA"), other)


@pytest.mark.parametrize(
    "prefix", ["net", "model", "module.gen", "trainer.networks.g", "_orig_mod.generator"]
)
def test_prefixes_of_any_depth_are_found(tmp_path, generator, discriminator, prefix):
    both = below(prefix, generator) | below("loss.d", discriminator)
    assert same(interop.convert(both), generator)
    assert same(interop.convert(saved(tmp_path / "net.pth", {"state_dict": both})), generator)
    assert interop.detect(below(prefix, generator)) == "cyclegan-resnet"


def test_dicts_of_dicts_are_searched(tmp_path, generator, discriminator):
    content = {"model": {"nets": {"generator": generator, "discriminator": discriminator}}, "step": 1}
    path = saved(tmp_path / "nested.pth", content)
    assert same(interop.convert(path), generator)
    assert type(interop.convert(path, part="discriminator")) is PatchDiscriminator
    assert type(interop.convert(path, part="nets.discriminator")) is PatchDiscriminator


def test_averages_are_preferred_also_those_of_torch(tmp_path, generator):
    net = interop.convert(generator)
    average = AveragedModel(net).state_dict()
    assert set(average) > {"n_averaged"}
    as_saved = {"n_averaged": torch.tensor(7)} | below("module", generator)
    assert same(interop.convert(as_saved), generator)
    other = {key: value + 1 for key, value in generator.items()}
    path = saved(tmp_path / "both.pth", {"ema": as_saved, "g": other, "generator": other})
    assert same(interop.convert(path), generator)
    assert same(interop.convert(path, part="g"), other)
    prefixed = below("ema_model", generator) | below("online_model", other) | {"step": torch.tensor(3)}
    assert same(interop.convert(prefixed), generator)


def test_a_dict_that_holds_itself_ends(generator):
    content = {"g": generator}
    content["again"] = content
    assert type(interop.convert(content)) is ResnetGenerator
