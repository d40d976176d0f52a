"""The networks of a training run's folder, finished or not."""

import json

import gan_nets
import pytest
import torch
from gan_nets import InstanceEncoder, PatchDiscriminator, PixelDiscriminator, ResnetGenerator, UNetGenerator
from gan_nets.loading._networks import NETWORKS
from gan_nets.saving.pretrained import PretrainedModule
from safetensors.torch import save_file


def generator():
    return UNetGenerator(depth=2, width=2).eval()


def checkpoint(run, step, **networks):
    """As a Run writes it: one file with the tensors of all registered objects."""
    folder = run / "checkpoints" / f"{step:08d}"
    folder.mkdir(parents=True)
    tensors, described = {"shared.kept.opt.state.0.exp_avg": torch.zeros(3)}, {}
    for name, net in networks.items():
        prefix = f"shared.kept.{name}."
        tensors |= {prefix + key: value for key, value in net.state_dict().items()}
        described[name] = {"network": net.describe(), "weights": "shared.safetensors", "prefix": prefix}
    save_file(tensors, folder / "shared.safetensors")
    (folder / "networks.json").write_text(json.dumps(described))
    return folder


def same(net, other):
    assert type(net) is type(other)
    assert not net.training
    pairs = zip(net.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_only_network_of_a_run_is_loaded(tmp_path):
    net = generator()
    net.save_pretrained(tmp_path / "colorizer")
    (tmp_path / "previews").mkdir()
    (tmp_path / "settings.json").write_text("{}")
    assert same(gan_nets.load(tmp_path), net)
    assert same(gan_nets.load(str(tmp_path), net="colorizer"), net)


def test_discriminators_and_encoders_are_not_chosen(tmp_path):
    net = generator()
    net.save_pretrained(tmp_path / "global")
    encoder = InstanceEncoder(width=2, downsamplings=1)
    encoder.save_pretrained(tmp_path / "encoder")
    PixelDiscriminator(width=2).save_pretrained(tmp_path / "d")
    assert same(gan_nets.load(tmp_path), net)
    assert same(gan_nets.load(tmp_path, net="encoder"), encoder)


def test_one_of_several_networks_must_be_named(tmp_path):
    nets = {name: generator() for name in ("a_to_b", "b_to_a")}
    for name, net in nets.items():
        net.save_pretrained(tmp_path / name)
    with pytest.raises(ValueError, match="several networks; name one with net= or --net: a_to_b, b_to_a"):
        gan_nets.load(tmp_path)
    for name, net in nets.items():
        assert same(gan_nets.load(tmp_path, net=name), net)
    with pytest.raises(ValueError, match="has no network 'a'; it has a_to_b, b_to_a"):
        gan_nets.load(tmp_path, net="a")


def test_an_unfinished_run_gives_the_network_of_its_newest_checkpoint(tmp_path):
    old, new, discriminator = generator(), generator(), PatchDiscriminator(layers=1, width=2)
    new.usage = gan_nets.Usage("colorize", "lab")
    first = checkpoint(tmp_path, 900, g=old, d=discriminator)
    checkpoint(tmp_path, 1000, g=new, d=discriminator)
    (tmp_path / "checkpoints" / "latest").write_text("00001000\n")
    (tmp_path / "checkpoints" / "best").write_text("00000900\n")
    assert same(gan_nets.load(tmp_path), new)
    assert gan_nets.load(tmp_path).usage == new.usage
    assert same(gan_nets.load(tmp_path, net="d"), discriminator.eval())
    for path in (first, tmp_path / "checkpoints" / "best"):
        assert same(gan_nets.load(path), old)
    assert same(gan_nets.load(tmp_path / "checkpoints" / "latest"), new)


def test_a_half_written_checkpoint_is_ignored(tmp_path):
    net = generator()
    checkpoint(tmp_path, 10, g=net)
    whole = checkpoint(tmp_path, 20, g=generator())
    whole.rename(whole.with_name(".writing-00000020"))
    assert same(gan_nets.load(tmp_path), net)


def test_saved_networks_are_preferred_to_checkpoints(tmp_path):
    final, training = generator(), generator()
    final.save_pretrained(tmp_path / "colorizer")
    checkpoint(tmp_path, 10, g=training)
    assert same(gan_nets.load(tmp_path), final)
    assert same(gan_nets.load(tmp_path, net="g"), training)
    with pytest.raises(ValueError, match="has no network 'x'; it has g, colorizer"):
        gan_nets.load(tmp_path, net="x")


def test_several_networks_of_a_checkpoint_are_listed(tmp_path):
    checkpoint(tmp_path, 10, g_ab=generator(), g_ba=generator(), d=PixelDiscriminator(width=2))
    with pytest.raises(ValueError, match="several networks; name one with net= or --net: g_ab, g_ba"):
        gan_nets.load(tmp_path)


def test_a_checkpoint_with_missing_or_damaged_files_is_named(tmp_path):
    folder = checkpoint(tmp_path, 10, g=generator())
    (folder / "shared.safetensors").write_bytes(b"x" * 20)
    with pytest.raises(ValueError, match=r"00000010/shared.safetensors is damaged"):
        gan_nets.load(tmp_path)
    (folder / "shared.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"00000010/shared.safetensors is missing"):
        gan_nets.load(tmp_path)
    (folder / "networks.json").write_text('{"g": {"network": {}, "weights": "w", "prefix": ""}}')
    with pytest.raises(ValueError, match=r'networks.json has no "class"'):
        gan_nets.load(tmp_path)
    for content in ("[]", '{"g": {}}', '{"g": 3}'):
        (folder / "networks.json").write_text(content)
        with pytest.raises(ValueError, match=r"networks.json is not what a run writes into a checkpoint: "):
            gan_nets.load(tmp_path)
    (folder / "networks.json").write_text("{")
    with pytest.raises(ValueError, match=r"networks.json is not JSON"):
        gan_nets.load(tmp_path)


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "..", "", "1/../../2", "x" * 10_000, "\0"], ids=repr
)
def test_what_leads_out_of_a_checkpoint_is_refused(tmp_path, name):
    folder = checkpoint(tmp_path, 10, g=generator())
    (tmp_path / "checkpoints" / "latest").write_text(name)
    with pytest.raises(ValueError, match=r"latest does not name a checkpoint"):
        gan_nets.load(tmp_path / "checkpoints" / "latest")
    described = json.loads((folder / "networks.json").read_text())
    described["g"]["weights"] = name
    (folder / "networks.json").write_text(json.dumps(described))
    with pytest.raises((ValueError, OSError), match=r"00000010"):
        gan_nets.load(tmp_path)


def test_a_folder_without_networks_and_a_file_have_errors_of_their_own(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config.json is missing; .*, or the folder of a run"):
        gan_nets.load(tmp_path)
    (tmp_path / "net.pth").write_bytes(b"")
    with pytest.raises(ValueError, match=r"net.pth is empty"):
        gan_nets.load(tmp_path / "net.pth")
    net = ResnetGenerator(blocks=1, width=2)
    net.save_pretrained(tmp_path / "g")
    with pytest.raises(ValueError, match="is a single network, so that 'g' is not in it; leave net out"):
        gan_nets.load(tmp_path / "g", net="g")


def test_the_weights_of_a_folder_stand_for_it(tmp_path):
    net = generator()
    net.save_pretrained(tmp_path)
    assert same(gan_nets.load(tmp_path / "model.safetensors"), net)


def test_a_file_of_another_project_is_converted(tmp_path, read_parity):
    weights, inputs, outputs, _ = read_parity("cyclegan_resnet6_instance")
    torch.save({"netG": weights, "netD": {"w": torch.zeros(1)}}, tmp_path / "latest.pth")
    for net in (gan_nets.load(tmp_path / "latest.pth"), gan_nets.load(tmp_path / "latest.pth", net="netG")):
        assert type(net) is ResnetGenerator
        assert not net.training
        with torch.no_grad():
            torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=r"latest.pth holds no part 'netE'; name one of its parts: netG"):
        gan_nets.load(tmp_path / "latest.pth", net="netE")


def test_every_network_of_the_package_can_be_loaded():
    public = (getattr(gan_nets, name) for name in gan_nets.__all__)
    classes = {cls for cls in public if isinstance(cls, type) and issubclass(cls, PretrainedModule)}
    assert set(NETWORKS.values()) == classes
    assert all(name == cls.__name__ for name, cls in NETWORKS.items())


@pytest.mark.parametrize(
    "name",
    ["Elephant", "load", "pix2pix_unet_paper", "PretrainedModule", "Usage", "__init__", "os.system", ""],
)
def test_the_error_for_a_class_that_is_no_network_names_it(name, tmp_path):
    PatchDiscriminator(layers=1, width=2).save_pretrained(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"class": name}))
    with pytest.raises(ValueError, match=rf"config.json names the class '{name}', which is no network"):
        gan_nets.load(tmp_path)
