import pytest
import torch
from gan_nets import (
    DCGANGenerator,
    GlobalGenerator,
    InstanceEncoder,
    PatchDiscriminator,
    SRResNet,
    StyleGAN2Generator,
    UNetGenerator,
    Usage,
    pix2pix_unet_paper,
)
from gan_nets.saving.model_card import PURPOSES
from huggingface_hub import ModelCard

CARDS = {  # for each task a network, and the variables of its example
    "translate": (lambda: UNetGenerator(depth=2, width=2), {"image": torch.zeros(1, 3, 9, 7)}),
    "enlarge": (
        lambda: SRResNet(scale=2, blocks=1, width=2, degradation="area"),
        {"image": torch.zeros(1, 3, 4, 5)},
    ),
    "labels": (
        lambda: GlobalGenerator(2, width=2, downsamplings=1, blocks=1),
        {"maps": torch.zeros(1, 2, 16, 9)},
    ),
    "generate": (lambda: DCGANGenerator(8, latents=3, width=2), {"latents": torch.zeros(2, 3)}),
    "discriminate": (lambda: PatchDiscriminator(layers=1, width=2), {"image": torch.zeros(1, 3, 16, 16)}),
    "encode": (
        lambda: InstanceEncoder(width=2, downsamplings=1),
        {"image": torch.zeros(1, 3, 8, 8), "instances": torch.zeros(1, 1, 8, 8).long()},
    ),
}


@pytest.mark.parametrize("task", CARDS)
def test_the_example_of_the_card_runs(task, tmp_path):
    build, variables = CARDS[task]
    net = build()
    net.save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert f"# {type(net).__name__}\n\n{PURPOSES[task]} All values are in [-1, 1]." in card
    assert "library_name: gan-nets" in card
    assert ("downsampled by area" in card) == (task == "enlarge")
    pipeline = {"generate": "unconditional-image-generation", "encode": "image-feature-extraction"}
    assert ModelCard(card).data.pipeline_tag == (
        None if task == "discriminate" else pipeline.get(task, "image-to-image")
    )
    assert "license" not in card
    assert ("gan-nets translate" in card) == (task in ("translate", "enlarge"))
    example = card.partition("```python\n")[2].partition("```")[0]
    exec(example.replace("path/to/this/folder", str(tmp_path)), dict(variables))


def test_the_card_states_the_color_space_and_the_inference_behavior(tmp_path):
    net = pix2pix_unet_paper(in_channels=1, out_channels=2, depth=2, width=2)
    net.usage = Usage("colorize", "ycrcb", trained_size=128)
    net.save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert "Colorizes gray images." in card
    assert "The output is in ycrcb, with the lightness of the input." in card
    assert "It was trained on images of 128x128 pixels." in card
    assert "Dropout stays on" in card
    assert "statistics of the current batch" in card


def test_generators_of_classes_have_no_pipeline_of_the_hub(tmp_path):
    StyleGAN2Generator(8, latents=4, styles=4, base_channels=64, classes=3).save_pretrained(tmp_path)
    assert ModelCard((tmp_path / "README.md").read_text()).data.pipeline_tag is None


@pytest.mark.parametrize("change", [lambda _: "other", lambda card: card.replace("All", "No"), str.upper])
def test_a_card_that_somebody_edited_stays(tmp_path, change):
    net, file = PatchDiscriminator(layers=1, width=2), tmp_path / "README.md"
    net.save_pretrained(tmp_path)
    edited = change(file.read_text())
    file.write_text(edited)
    net.save_pretrained(tmp_path)
    assert file.read_text() == edited


def test_a_card_that_nobody_edited_follows_the_network(tmp_path):
    PatchDiscriminator(layers=1, width=2).save_pretrained(tmp_path)
    file = tmp_path / "README.md"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")  # by git, or an editor
    UNetGenerator(depth=2, width=2).save_pretrained(tmp_path)
    assert "# UNetGenerator" in file.read_text()
