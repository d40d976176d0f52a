"""Instance maps that are computed from the portraits' label maps."""

import torch
from gan_data import read_labels


def test_areas_are_connected_by_the_sides_of_pixels(portrait_instances):
    values = torch.tensor([[1, 1, 2], [2, 1, 2], [2, 2, 1]])
    assert portrait_instances.connected(values).tolist() == [[0, 0, 2], [3, 0, 2], [3, 3, 8]]


def test_instances_are_numbered_within_their_class(portrait_instances):
    labels = torch.tensor([[0, 3, 0], [3, 0, 2], [3, 0, 0]])
    expected = [[0, 3000, 0], [3001, 0, 2000], [3001, 0, 0]]
    assert portrait_instances.instances_of(labels).tolist() == expected


def test_instances_are_the_areas_of_classes(portrait_instances, few_portraits, tmp_path):
    folder = portrait_instances.write_instances(few_portraits / "testA", tmp_path / "maps")
    names = sorted(file.name for file in (few_portraits / "testA").iterdir())
    assert sorted(file.name for file in folder.iterdir()) == names
    for name in names:
        labels, instances = read_labels(few_portraits / "testA" / name), read_labels(folder / name)
        assert torch.equal(instances // 1000, labels)
        eyes = instances[labels == 3].unique()
        assert len(eyes) >= 2  # a left and a right one
        for number in instances.unique()[instances.unique() > 0]:
            area = portrait_instances.connected(instances == number)[instances == number]
            assert len(area.unique()) == 1
    changed = (folder / names[0]).read_bytes()
    (folder / names[1]).write_bytes(changed)
    portrait_instances.write_instances(few_portraits / "testA", folder)  # not a second time
    assert (folder / names[1]).read_bytes() == changed
