"""The checks without torch agree with the same checks on tensors."""

import torch
from gan_data.checking._inspection import inspect_image, inspect_labels
from gan_data.transforms.label_maps import out_of_range
from PIL import Image


def test_color_is_a_low_mean_correlation_of_the_channels(save):
    """As in gan_colorspace.is_color; the mixtures lie on both sides of its threshold."""
    generator = torch.Generator().manual_seed(0)
    shared, own = (torch.rand(n, 13, 17, generator=generator) for n in (1, 3))
    answers = []
    for mix in torch.linspace(0, 0.15, 20):
        channels = ((1 - mix) * shared + mix * own).mul(255).to(torch.uint8)
        picture = Image.frombytes("RGB", (17, 13), bytes(channels.permute(1, 2, 0).flatten().tolist()))
        answers.append(torch.corrcoef(channels.flatten(1).double()).mean().item() >= 0.995)
        found = inspect_image(save("x.png", picture=picture)).findings
        assert [finding.problem for finding in found] == ["has no color"] * answers[-1]
    assert set(answers) == {True, False}


def test_labels_out_of_range_are_those_of_the_tensor(save, numbers):
    labels = torch.randint(300, (9, 11), generator=torch.Generator().manual_seed(0))
    path = save("x.png", picture=numbers(labels.tolist(), "I;16"))
    for classes, ignore in ((300, None), (298, 299), (3, 255)):
        wrong = out_of_range(labels, classes, ignore)
        named = ", ".join(str(label) for label in wrong[:5])
        found = inspect_labels(path, classes, ignore).findings
        assert [finding.problem.split(" and ")[0].split(", but")[0] for finding in found] == (
            [f"holds the labels {named}"] if wrong else []
        )
