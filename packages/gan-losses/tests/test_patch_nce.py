"""PatchNCE against the values of the authors' code, values by hand, and cross entropy written out."""

import math

import gan_losses as gl
import pytest
import torch
from torch.testing import assert_close


def test_the_authors_values_and_gradients(parity):
    _, inputs, expected = parity("loss_patchnce")
    for negatives, name in (("image", "sameimage"), ("batch", "allneg")):
        query = inputs["feat_q"].clone().requires_grad_()
        rows, keys = (each.unflatten(0, (2, 8)) for each in (query, inputs["feat_k"]))
        each = gl.patch_nce_loss(rows, keys, negatives=negatives, reduction="none")
        assert_close(each.flatten(), expected[f"{name}_perpatch"], rtol=1e-5, atol=1e-5)
        mean = gl.patch_nce_loss(rows, keys, negatives=negatives)
        assert_close(mean, expected[f"{name}_mean"], rtol=1e-5, atol=1e-5)
        (gradient,) = torch.autograd.grad(mean, query)
        assert_close(gradient, expected[f"{name}_grad_q_of_mean"], rtol=1e-5, atol=1e-5)


def test_two_places_by_hand():
    """q1 k1 = 1, q1 k2 = 0; q2 k2 = 0.5, q2 k1 = 0.5: losses log(1 + e^-1) and log 2 at T = 1."""
    query = torch.tensor([[[1.0, 0.0], [0.5, 0.5]]])
    key = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    losses = gl.patch_nce_loss(query, key, temperature=1.0, reduction="none")
    own = math.exp(-10.0)  # the positive stands among the negatives, with similarity -10
    expected = [math.log(1 + (1 + own) / math.e), math.log(2 + own / math.exp(0.5))]
    assert_close(losses, torch.tensor([expected]))
    assert_close(gl.patch_nce_loss(query, key, temperature=1.0, reduction="sum"), torch.tensor(sum(expected)))


def unit(*shape, dtype=torch.float32):
    return torch.nn.functional.normalize(torch.randn(*shape, dtype=dtype), dim=-1)


def test_unit_vectors_give_the_papers_equation():
    torch.manual_seed(0)
    query, key = unit(2, 5, 4, dtype=torch.float64), unit(2, 5, 4, dtype=torch.float64)
    similarity = torch.einsum("npc,nqc->npq", query, key) / 0.07
    expected = similarity.logsumexp(2) - similarity.diagonal(dim1=1, dim2=2)  # equation 3, over all places
    assert_close(gl.patch_nce_loss(query, key, reduction="none"), expected)
    whole = (query.flatten(0, 1) @ key.flatten(0, 1).T) / 0.07
    expected = (whole.logsumexp(1) - whole.diagonal()).mean()
    assert_close(gl.patch_nce_loss(query, key, negatives="batch"), expected)


def test_images_of_a_batch_do_not_depend_on_each_other_unless_asked():
    torch.manual_seed(1)
    query, key = unit(3, 6, 4), unit(3, 6, 4)
    alone = torch.cat(
        [gl.patch_nce_loss(query[i : i + 1], key[i : i + 1], reduction="none") for i in range(3)]
    )
    assert_close(gl.patch_nce_loss(query, key, reduction="none"), alone)
    assert (gl.patch_nce_loss(query, key, negatives="batch", reduction="none") > alone).all()


def test_the_key_gets_no_gradient_and_a_lower_temperature_a_sharper_loss():
    torch.manual_seed(2)
    query, key = unit(1, 4, 8, dtype=torch.float64), unit(1, 4, 8, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda q: gl.patch_nce_loss(q, key), [query.requires_grad_()])
    key.requires_grad_()
    gl.patch_nce_loss(query, key).backward()
    assert key.grad is None
    same = [gl.patch_nce_loss(query, query, temperature=t).item() for t in (0.07, 0.5)]
    assert same[0] < same[1]


def test_half_precision_is_computed_in_float32_under_autocast_too():
    torch.manual_seed(3)
    query, key = unit(1, 8, 16).bfloat16(), unit(1, 8, 16).bfloat16()
    expected = gl.patch_nce_loss(query.float(), key.float())
    with torch.autocast("cpu", torch.bfloat16):
        assert_close(gl.patch_nce_loss(query, key), expected, rtol=0, atol=0)
        assert_close(gl.patch_nce_loss(query.float(), key.float()), expected, rtol=0, atol=0)


def test_compiled_is_eager():
    torch.compiler.reset()
    torch.manual_seed(4)
    query, key = unit(2, 3, 4), unit(2, 3, 4)
    compiled = torch.compile(gl.patch_nce_loss, backend="aot_eager", fullgraph=True)
    assert_close(compiled(query, key), gl.patch_nce_loss(query, key))


def test_mistakes_are_named():
    rows = torch.zeros(16, 4)
    with pytest.raises(ValueError, match=r"got \(16, 4\); use rows.unflatten"):
        gl.patch_nce_loss(rows, rows)
    with pytest.raises(ValueError, match=r"got \(1, 3, 4\) and \(1, 1, 4\)"):
        gl.patch_nce_loss(torch.zeros(1, 3, 4), torch.zeros(1, 1, 4))
    query = torch.zeros(1, 3, 4)
    with pytest.raises(ValueError, match='"image" or "batch"; got \'all\''):
        gl.patch_nce_loss(query, query, negatives="all")
    with pytest.raises(ValueError, match=r"temperature above 0; got 0; the paper has 0\.07"):
        gl.patch_nce_loss(query, query, temperature=0)
    with pytest.raises(ValueError, match="got 'avg'"):
        gl.patch_nce_loss(query, query, reduction="avg")
