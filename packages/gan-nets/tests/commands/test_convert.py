import gan_nets
import pytest
import torch
from gan_nets import PatchDiscriminator, ResnetGenerator
from gan_nets.commands import main


@pytest.fixture
def checkpoint(tmp_path, read_parity):
    weights, *_ = read_parity("cyclegan_resnet6_instance")
    torch.save(weights, tmp_path / "latest_net_G_A.pth")
    return tmp_path / "latest_net_G_A.pth"


def fails(capsys, *arguments, code=1):
    with pytest.raises(SystemExit) as stop:
        main(list(map(str, arguments)))
    assert stop.value.code == code
    return capsys.readouterr().err


def test_a_checkpoint_becomes_a_folder_that_loads(checkpoint, tmp_path, capsys, read_parity):
    out = tmp_path / "a_to_b"
    main(["convert", str(checkpoint), str(out)])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "family:  cyclegan-resnet"
    assert printed[1].startswith(
        "network: ResnetGenerator(in_channels=3, out_channels=3, blocks=6, width=8, norm='"
    )
    assert printed[2] == f"saved:   {out}"
    net = gan_nets.load(out)
    assert type(net) is ResnetGenerator
    _, inputs, outputs, _ = read_parity("cyclegan_resnet6_instance")
    with torch.no_grad():
        torch.testing.assert_close(net(inputs["x"]), outputs["out"], atol=1e-5, rtol=0)


def test_a_network_is_replaced_only_with_overwrite(checkpoint, tmp_path, capsys):
    out = tmp_path / "net"
    PatchDiscriminator(layers=1, width=2).save_pretrained(out)
    error = fails(capsys, "convert", checkpoint, out)
    assert (
        error
        == f"error: {out} has config.json already; choose another folder, or replace it with --overwrite\n"
    )
    assert type(gan_nets.load(out)) is PatchDiscriminator
    main(["convert", str(checkpoint), str(out), "--overwrite"])
    assert type(gan_nets.load(out)) is ResnetGenerator
    assert "# ResnetGenerator" in (out / "README.md").read_text()


def test_a_full_disk_keeps_the_existing_network_and_does_not_block_the_next_attempt(
    checkpoint, tmp_path, capsys, full_disk
):
    new, existing = tmp_path / "new", tmp_path / "existing"
    PatchDiscriminator(layers=1, width=2).save_pretrained(existing)
    before = {path.name: path.read_bytes() for path in existing.iterdir()}
    with full_disk(10_000):
        error = fails(capsys, "convert", checkpoint, new)
        fails(capsys, "convert", checkpoint, existing, "--overwrite")
    assert error.startswith(f"error: {new / 'model.safetensors'} cannot be written")
    assert {path.name: path.read_bytes() for path in existing.iterdir()} == before
    main(["convert", str(checkpoint), str(new)])
    assert type(gan_nets.load(new)) is ResnetGenerator


def test_family_and_part_can_be_given(tmp_path, capsys, read_parity):
    generator, _, *_ = read_parity("cyclegan_resnet9_instance")
    discriminator, *_ = read_parity("patchgan_n3_instance")
    torch.save({"G": generator, "D": discriminator}, tmp_path / "all.pth")
    main(["convert", str(tmp_path / "all.pth"), str(tmp_path / "g"), "--family", "pix2pixhd-global"])
    main(["convert", str(tmp_path / "all.pth"), str(tmp_path / "d"), "--part", "D"])
    assert [type(gan_nets.load(tmp_path / name)).__name__ for name in "gd"] == [
        "GlobalGenerator",
        "PatchDiscriminator",
    ]
    error = fails(capsys, "convert", tmp_path / "all.pth", tmp_path / "x", "--family", "pix2pix-unet")
    assert error.startswith(f"error: {tmp_path / 'all.pth'}: the pix2pix U-Net checkpoint does not fit: ")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("name", "noted"), [("batch_dropout", True), ("instance", False)])
def test_batch_statistics_of_the_original_are_noted(tmp_path, capsys, read_parity, name, noted):
    torch.save(read_parity(f"pix2pix_unet128_{name}")[0], tmp_path / "net.pth")
    main(["convert", str(tmp_path / "net.pth"), str(tmp_path / "unet")])
    assert ("batch_statistics_at_inference=True" in capsys.readouterr().out) == noted


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "net.pth is not a file; expected a .safetensors or .pth checkpoint"),
        ([1], "net.pth holds list; expected one state dict"),
        ({"w": torch.zeros(1)}, "net.pth: the checkpoint is of no known family"),
    ],
)
def test_an_error_is_one_sentence(tmp_path, capsys, content, message):
    if content is not None:
        torch.save(content, tmp_path / "net.pth")
    error = fails(capsys, "convert", tmp_path / "net.pth", tmp_path / "out")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_gan_traceback_raises_the_error_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_TRACEBACK", "1")
    with pytest.raises(FileNotFoundError):
        main(["convert", str(tmp_path / "none.pth"), str(tmp_path / "out")])


def test_wrong_use_is_one_sentence_with_a_suggestion(tmp_path, capsys):
    error = fails(capsys, "convert", tmp_path / "net.pth", tmp_path / "out", "--family", "cyclegan", code=2)
    assert error.startswith('error: Invalid value "cyclegan" for --family. Choose from: "basicsr-')
    assert 'Did you mean "cyclegan-resnet"?' in error
    assert error.count("\n") == 1
