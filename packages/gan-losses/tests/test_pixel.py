"""L1 with a weight for each plane, and total variation."""

import gan_losses as gl
import pytest
import torch


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(2)
    return torch.randn(2, 2, 3, 4, 5, generator=generator).unbind()


def test_l1_is_the_mean_magnitude():
    prediction = torch.tensor([[[[1.0, -1.0]], [[0.5, 0.0]]]])
    target = torch.zeros(1, 2, 1, 2)
    assert gl.l1_loss(prediction, target).item() == 2.5 / 4
    assert gl.l1_loss(prediction, target, reduction="sum").item() == 2.5
    assert gl.l1_loss(prediction, target, plane_weights=(1, 10)).item() == (2 + 5) / 4
    elements = gl.l1_loss(prediction, target, plane_weights=[0, 2], reduction="none")
    assert elements.tolist() == [[[[0, 0]], [[1, 0]]]]


def test_weights_over_three_planes_equal_the_loss_of_two(pair):
    """The colorizer's 75 x L1 over the chroma planes, without slicing."""
    prediction, target = pair
    chroma_alone = gl.l1_loss(prediction[:, 1:], target[:, 1:])
    weighted = gl.l1_loss(prediction, target, plane_weights=(0, 1.5, 1.5))
    torch.testing.assert_close(weighted, chroma_alone)


def test_l1_names_its_mistakes(pair):
    prediction, target = pair
    with pytest.raises(ValueError, match=r"got \(2, 3, 4, 5\) and \(2, 1, 4, 5\)"):
        gl.l1_loss(prediction, target[:, :1])
    with pytest.raises(
        ValueError, match=r"got torch.float32 and torch.uint8; for 8-bit values pass images /"
    ):
        gl.l1_loss(prediction, target.to(torch.uint8))
    with pytest.raises(ValueError, match="each of 3 planes; got 1 weights"):
        gl.l1_loss(prediction, target, plane_weights=(2.0,))
    with pytest.raises(ValueError, match="got 'avg'"):
        gl.l1_loss(prediction, target, reduction="avg")


def test_total_variation():
    image = torch.tensor([[[[0.0, 1.0], [3.0, 7.0]]]])  # 3 and 6 down, 1 and 4 across
    assert gl.total_variation_loss(image).item() == 9 / 2 + 5 / 2
    assert gl.total_variation_loss(image, reduction="sum").item() == 14
    assert gl.total_variation_loss(image, squared=True).item() == 45 / 2 + 17 / 2
    assert gl.total_variation_loss(image, squared=True, reduction="sum").item() == 62


def test_total_variation_counts_each_pair_of_neighbors_once(pair):
    image = pair[0]
    down = sum((image[..., i + 1, :] - image[..., i, :]).abs().sum() for i in range(3))
    across = sum((image[..., i + 1] - image[..., i]).abs().sum() for i in range(4))
    torch.testing.assert_close(gl.total_variation_loss(image, reduction="sum"), down + across)
    mean = down / (2 * 3 * 3 * 5) + across / (2 * 3 * 4 * 4)
    torch.testing.assert_close(gl.total_variation_loss(image), mean)


def test_total_variation_names_its_mistakes():
    with pytest.raises(ValueError, match=r"2 x 2 pixels; got shape \(1, 3, 1, 8\)"):
        gl.total_variation_loss(torch.zeros(1, 3, 1, 8))
    with pytest.raises(ValueError, match="got 'none'"):
        gl.total_variation_loss(torch.zeros(1, 3, 2, 2), reduction="none")


LOSSES = {
    "l1": lambda a, b: gl.l1_loss(a, b, plane_weights=(0.5, 1, 2)),
    "total_variation": lambda a, b: gl.total_variation_loss(a - b),
    "squared_variation": lambda a, b: gl.total_variation_loss(a - b, squared=True),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_gradients(loss, pair):
    assert torch.autograd.gradcheck(loss, [image.double().requires_grad_() for image in pair])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_compiled_is_eager(loss, pair):
    torch.compiler.reset()
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    results = []
    for run in (loss, compiled):
        images = [image.clone().requires_grad_() for image in pair]
        total = run(*images)
        results.append([total, *torch.autograd.grad(total, images)])
    torch.testing.assert_close(results[1], results[0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_gives_the_float32_loss(pair, dtype):
    low = [image.to(dtype) for image in pair]
    high = [image.float() for image in low]
    weights = (0.3, 1, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        l1, variation = gl.l1_loss(*low, plane_weights=weights), gl.total_variation_loss(low[0])
    torch.testing.assert_close(l1, gl.l1_loss(*high, plane_weights=weights), rtol=0, atol=0)
    torch.testing.assert_close(variation, gl.total_variation_loss(high[0]), rtol=0, atol=0)
