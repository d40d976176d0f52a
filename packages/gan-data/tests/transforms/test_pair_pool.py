import pytest
import torch
from gan_data import PairPool


def batch(*values):
    """Pairs of 1x1x1 and 1x2x2 images, whose pixels hold a number and a thousand times it."""
    low = torch.tensor(values, dtype=torch.float32).view(-1, 1, 1, 1)
    return low, 1000 * low.expand(-1, 1, 2, 2).clone()


def numbers(pair):
    low, high = pair
    assert torch.equal(high, 1000 * low.expand_as(high))  # pairs stay pairs
    return low.flatten().tolist()


def test_pairs_come_back_while_the_pool_fills():
    pool = PairPool(6)
    assert numbers(pool.swap(*batch(0, 1, 2))) == [0, 1, 2]
    assert numbers(pool.swap(*batch(3, 4, 5))) == [3, 4, 5]


def test_a_full_pool_gives_different_stored_pairs_and_keeps_the_new_ones():
    pool = PairPool(6)
    pool.swap(*batch(*range(6)))
    inside, seen = set(range(6)), set()
    for start in range(6, 300, 3):
        given = set(numbers(pool.swap(*batch(*range(start, start + 3)))))
        assert len(given) == 3
        assert given <= inside
        inside = inside - given | set(range(start, start + 3))
        seen |= given
    assert len(seen) == 294  # each pair is returned once
    assert {int(low) for low in pool.state_dict()["low"]} == inside


def test_every_slot_is_as_probable():
    pool, hits = PairPool(5), torch.zeros(5)
    pool.swap(*batch(*range(5)))
    for new in range(5, 2005):
        before = [int(low) for low in pool.state_dict()["low"]]
        hits[before.index(numbers(pool.swap(*batch(new)))[0])] += 1
    assert (hits - 400).abs().max() < 75  # four standard deviations


def test_a_batch_that_fills_the_pool_is_swapped_for_its_rest():
    pool = PairPool(4)
    pool.swap(*batch(0, 1, 2))
    given = numbers(pool.swap(*batch(3, 4)))
    assert given[0] == 3
    assert given[1] in (0, 1, 2, 3)


def test_the_seed_determines_the_order_and_the_global_random_numbers_stay():
    state = torch.get_rng_state()
    results = []
    for seed in (1, 1, 2):
        pool = PairPool(4, seed=seed)
        results.append([numbers(pool.swap(*batch(2 * i, 2 * i + 1))) for i in range(20)])
    assert results[0] == results[1] != results[2]
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("before", [0, 1, 2, 9])
def test_a_restored_pool_continues_unchanged(before):
    pool = PairPool(4, seed=3)
    for i in range(before):
        pool.swap(*batch(2 * i, 2 * i + 1))
    again = PairPool(4, seed=99)
    again.load_state_dict(pool.state_dict())
    for i in range(before, before + 20):
        assert numbers(again.swap(*batch(2 * i, 2 * i + 1))) == numbers(pool.swap(*batch(2 * i, 2 * i + 1)))


def test_images_are_detached_copies_and_a_saved_state_stays():
    pool, (low, high) = PairPool(1), batch(1)
    given = pool.swap(low.requires_grad_(), high)
    assert not any(image.requires_grad for image in given)
    state = pool.state_dict()
    with torch.no_grad():
        low.fill_(9)
        high.fill_(9)
    assert numbers(pool.swap(*batch(2))) == [1]
    assert [int(image) for image in state["low"]] == [1]
    assert numbers((state["low"][0][None], state["high"][0][None])) == [1]


def test_mistakes():
    with pytest.raises(ValueError, match="capacity of 1 or more pairs; got 0"):
        PairPool(0)
    with pytest.raises(ValueError, match="from 1 to the capacity of 2; got 3 and 3"):
        PairPool(2).swap(*batch(1, 2, 3))
    with pytest.raises(ValueError, match=r"as many images of each kind, .* got 2 and 1"):
        PairPool(2).swap(batch(1, 2)[0], batch(1)[1])
    pool = PairPool(3)
    pool.swap(*batch(1, 2, 3))
    with pytest.raises(ValueError, match="at most 2 pairs for this pool; got 3; use the capacity"):
        PairPool(2).load_state_dict(pool.state_dict())
    low, high = batch(1)
    before = pool.state_dict()["generator"]
    with pytest.raises(ValueError, match=r"as the pool holds; got .*; use the size of the stored pairs"):
        pool.swap(low.repeat(1, 1, 2, 2), high.repeat(1, 1, 2, 2))
    assert torch.equal(pool.state_dict()["generator"], before)
