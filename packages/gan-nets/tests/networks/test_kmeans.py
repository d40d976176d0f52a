import pytest
import torch
from gan_nets import kmeans


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", range(5))
def test_centers_of_clusters_far_apart_are_their_means(seed):
    corners = torch.tensor([[0.0, 0.0], [50.0, 0.0], [0.0, 50.0], [50.0, 50.0]])
    points = corners.repeat_interleave(20, 0) + torch.randn(80, 2, generator=seeded(9))
    found = kmeans(points, 4, generator=seeded(seed))
    expected = points.unflatten(0, (4, 20)).mean(1)
    order = torch.cdist(expected, found).argmin(1)
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    torch.testing.assert_close(found[order], expected)


def test_each_center_is_the_mean_of_the_points_nearest_to_it():
    points = torch.randn(300, 3, generator=seeded())
    centers = kmeans(points, 7, generator=seeded(1))
    nearest = torch.cdist(points, centers).argmin(1)
    for index, center in enumerate(centers):
        torch.testing.assert_close(center, points[nearest == index].mean(0))


def test_one_cluster_is_the_mean_and_the_generator_seeds_the_rest():
    points = torch.randn(30, 2, generator=seeded())
    torch.testing.assert_close(kmeans(points, 1), points.mean(0, keepdim=True))
    assert torch.equal(kmeans(points, 5, generator=seeded(3)), kmeans(points, 5, generator=seeded(3)))


def test_fewer_points_than_clusters_and_equal_points():
    points = torch.tensor([[0.0], [1.0]])
    assert sorted(kmeans(points, 10, generator=seeded()).flatten().tolist()) == [0.0, 1.0]
    assert kmeans(torch.zeros(6, 2), 3, generator=seeded()).shape == (3, 2)


@pytest.mark.parametrize(
    ("points", "clusters", "message"),
    [
        (torch.zeros(0, 2), 2, r"at least one; got \(0, 2\)"),
        (torch.zeros(3), 2, r"points \(N, D\)"),
        (torch.zeros(3, 2, dtype=torch.int64), 2, "floating point"),
        (torch.zeros(3, 2), 0, "at least 1 cluster; got 0"),
    ],
)
def test_wrong_arguments_are_refused(points, clusters, message):
    with pytest.raises(ValueError, match=message):
        kmeans(points, clusters)
