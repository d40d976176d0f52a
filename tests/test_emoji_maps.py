"""Label and instance maps that are computed from emoji."""

from pathlib import Path

import torch
from gan_data import read_labels

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"


def test_areas_are_connected_by_the_sides_of_pixels(emoji_maps):
    values = torch.tensor([[1, 1, 2], [2, 1, 2], [2, 2, 1]])
    assert emoji_maps.connected(values).tolist() == [[0, 0, 2], [3, 0, 2], [3, 3, 8]]


def test_maps_have_the_background_and_the_tones_of_the_areas(emoji_maps):
    labels, instances = emoji_maps.maps_of(EMOJI / "trainA" / "1f600.png", "Smileys & Emotion")
    row = "..cccccccddddccccccddddccccccc.."  # of a grinning face, with its eyes
    assert "".join(".cpd"[label] for label in labels[24, ::2].tolist()) == row
    assert len(instances[24, 20:50].unique()) == 3  # two eyes and the face
    teeth = labels[39, 32]
    assert emoji_maps.TONES[teeth - 1] == "pale"
    animal, _ = emoji_maps.maps_of(EMOJI / "trainA" / "1f600.png", "Animals & Nature")
    assert torch.equal(animal, torch.where(labels > 0, labels + 6, 0))


def test_the_maps_of_the_emoji_fit_them(emoji_maps, few_emoji, labeled_emoji):
    for split in ("train", "test"):
        names = [
            sorted(file.name for file in (labeled_emoji / f"{split}_{kind}").iterdir())
            for kind in ("img", "label", "inst")
        ]
        assert (
            names[0]
            == names[1]
            == names[2]
            == sorted(file.name for file in (few_emoji / f"{split}A").iterdir())
        )
        for name in names[0]:
            labels, instances = (
                read_labels(labeled_emoji / f"{split}_{kind}" / name) for kind in ("label", "inst")
            )
            assert labels.max() < emoji_maps.CLASSES
            assert torch.equal(instances // 1000, labels)
            assert len({(label - 1) // 3 for label in labels.unique().tolist() if label}) == 1  # one category
            for number in instances.unique()[instances.unique() > 0]:
                area = emoji_maps.connected(instances == number)[instances == number]
                assert len(area.unique()) == 1
