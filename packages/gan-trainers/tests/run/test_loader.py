import random
import traceback

import numpy as np
import pytest
import torch
from gan_trainers import Loader, linear_decay, plain_errors
from torch.utils.data import Dataset


class Numbers(Dataset):
    """Its samples: the index, and one draw from each global generator."""

    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return self.samples

    def __getitem__(self, index):
        return torch.tensor([index, random.random(), np.random.rand(), torch.rand(()).item()])


class Broken(Numbers):
    """Sample 5 is refused by one of the packages, sample 6 by somebody else's code."""

    def __getitem__(self, index):
        if index == 5:
            linear_decay(1, start=2, end=1)
        if index == 6:
            int("six")
        return index


def take(batches, count):
    return [batch for batch, _ in zip(batches, range(count), strict=False)]


def indices(batches):
    return [int(sample[0]) for batch in batches for sample in batch]


def test_every_sample_exactly_once_in_each_pass_without_a_seam():
    stream = indices(take(Loader(Numbers(7), 3, seed=0), 14))  # six passes
    passes = [stream[start : start + 7] for start in range(0, 42, 7)]
    assert all(sorted(one) == list(range(7)) for one in passes)
    assert len({tuple(one) for one in passes}) == 6  # a new order each time


def test_the_seed_decides_and_unshuffled_is_the_datasets_own_order():
    first, again, other = (take(Loader(Numbers(9), 3, seed=seed), 5) for seed in (1, 1, 2))
    assert torch.equal(torch.stack(first), torch.stack(again))
    assert not torch.equal(torch.stack(first), torch.stack(other))
    assert indices(take(Loader(Numbers(4), 3, seed=1, shuffle=False), 3)) == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def test_two_loaders_of_a_run_have_orders_of_their_own(tiny_run):
    run, *_ = tiny_run()
    first, second = (take(run.loader(Numbers(9), 3), 3) for _ in range(2))
    assert sorted(indices(first)) == sorted(indices(second))
    assert indices(first) != indices(second)


def test_augmentation_is_new_in_each_pass():
    first, second = take(Loader(Numbers(4), 4, seed=1, shuffle=False), 2)
    assert (first[:, 1:] != second[:, 1:]).all()


def test_workers_and_the_start_change_nothing():
    whole = torch.stack(take(Loader(Numbers(7), 3, seed=5), 8))
    assert torch.equal(torch.stack(take(Loader(Numbers(7), 3, seed=5, workers=2), 8)), whole)
    for workers in (0, 1):
        late = Loader(Numbers(7), 3, seed=5, workers=workers)
        late.position = 9
        assert torch.equal(torch.stack(take(late, 5)), whole[3:])


def test_position_counts_the_samples_that_were_handed_out_and_iteration_continues_there():
    loader = Loader(Numbers(7), 3, seed=5, workers=1)  # it reads ahead, which must not count
    parts = [*take(loader, 2)]
    assert loader.position == 9  # zip took one more than it gave
    parts += [None, *take(loader, 2)]
    whole = take(Loader(Numbers(7), 3, seed=5), 5)
    assert all(torch.equal(part, one) for part, one in zip(parts, whole, strict=True) if part is not None)


def test_two_processes_side_by_side_are_one_with_the_whole_batch():
    whole = take(Loader(Numbers(7), 4, seed=5), 6)
    halves = [take(Loader(Numbers(7), 2, seed=5, process=rank, processes=2), 6) for rank in range(2)]
    for one, left, right in zip(whole, *halves, strict=True):
        assert torch.equal(one, torch.cat([left, right]))


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_fewer_samples_than_a_batch(samples):
    batches = take(Loader(Numbers(samples), 4, seed=0), 3)
    assert [len(batch) for batch in batches] == [4, 4, 4]
    assert sorted(indices(batches)) == sorted(list(range(samples)) * (12 // samples))


def test_a_batch_size_far_beyond_the_samples_is_said(recwarn):
    Loader(Numbers(4), 40, seed=0)  # a few samples, much augmented
    Loader(Numbers(4), 1_000, seed=0, passes=1)  # holds each once
    assert not list(recwarn)
    with pytest.warns(UserWarning, match="a batch of 2,000 holds each of the 4 samples 500 times; use a"):
        Loader(Numbers(4), 1_000, seed=0, processes=2)


@pytest.mark.parametrize("samples", [1, 5, 7, 8])
def test_one_pass_over_two_processes_covers_all_samples_once(samples):
    parts = [
        list(Loader(Numbers(samples), 2, seed=0, process=rank, processes=2, passes=1, shuffle=False))
        for rank in range(2)
    ]
    assert sorted(indices(parts[0]) + indices(parts[1])) == list(range(samples))


def test_passes_start_again_each_time():
    loader = Loader(Numbers(5), 2, seed=0, passes=2, shuffle=False, workers=1)
    assert indices(loader) == indices(loader) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert [len(batch) for batch in Loader(Numbers(5), 2, seed=0, passes=1)] == [2, 2, 1]


@pytest.mark.parametrize("workers", [0, 1])
def test_the_trainings_own_random_numbers_are_undisturbed(workers):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(()).item()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    take(Loader(Numbers(5), 2, seed=0, workers=workers), 4)
    assert (random.random(), np.random.rand(), torch.rand(()).item()) == expected


@pytest.mark.parametrize("workers", [0, 1])
def test_a_packages_refusal_arrives_as_its_sentence(workers, capsys):
    loader = Loader(Broken(6), 1, seed=0, shuffle=False, workers=workers)
    with pytest.raises(ValueError, match=r"^linear_decay expects start <= end; got start=2 and end=1$"):
        take(loader, 6)
    with pytest.raises(SystemExit), plain_errors():
        take(Loader(Broken(6), 1, seed=0, shuffle=False, workers=workers), 6)
    assert capsys.readouterr().err == "error: linear_decay expects start <= end; got start=2 and end=1\n"


@pytest.mark.parametrize("workers", [0, 1])
def test_the_error_of_other_code_keeps_the_place_where_it_happened(workers):
    loader = Loader(Broken(7), 1, seed=0, shuffle=False, workers=workers)
    loader.position = 6
    text = ""
    try:
        with plain_errors():
            next(iter(loader))
    except ValueError as error:
        text = "".join(traceback.format_exception(error))
    assert 'test_loader.py", line' in text
    assert "in __getitem__\n    int(" in text


def test_nests_of_batches_are_sent(tiny_run):
    run, *_ = tiny_run(channels_last=True)
    data = [{"image": torch.rand(3, 4, 4), "label": 1, "name": "a", "pair": (torch.rand(2), 0.5)}] * 2
    batch = next(iter(run.loader(data, 2)))
    assert batch["image"].is_contiguous(memory_format=torch.channels_last)
    assert batch["label"].tolist() == [1, 1]
    assert batch["name"] == ["a", "a"]
    assert batch["pair"][0].shape == (2, 2)


def test_refusals():
    with pytest.raises(ValueError, match="at least 1 sample and a batch size of at least 1; got 0 and 2"):
        Loader(Numbers(0), 2, seed=0)
    with pytest.raises(ValueError, match="at least 1 sample and a batch size of at least 1; got 3 and 0"):
        Loader(Numbers(3), 0, seed=0)
