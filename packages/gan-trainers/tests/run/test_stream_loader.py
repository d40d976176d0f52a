"""Streams: samples that can only be read one after the other."""

import copy
import random

import numpy as np
import pytest
import torch
from gan_trainers import Loader, Run, StreamLoader, linear_decay
from torch import nn
from torch.optim import SGD
from torch.utils.data import IterableDataset


class Stream:
    """Numbers, of which some were read; in each pass another number is added to them."""

    def __init__(self, samples):
        self.samples = samples
        self.epoch = self.read = self.start = 0
        self.all_read = 0

    def set_epoch(self, epoch):
        self.epoch, self.start = epoch, 0

    def __iter__(self):
        for number in range(self.start, self.samples):
            self.read = number + 1
            self.all_read += 1
            yield 100 * self.epoch + number


class Resumable(Stream):
    def state_dict(self):
        return {"read": self.read, "epoch": self.epoch}

    def load_state_dict(self, state):
        assert state["epoch"] == self.epoch
        self.start = state["read"]


STREAMS = [list, Stream, Resumable]


def make(kind, samples):
    return list(range(samples)) if kind is list else kind(samples)


class Sized(IterableDataset):
    def __len__(self):
        return 3

    def __iter__(self):
        return iter(range(3))


def draws(sample):
    return torch.tensor([sample, random.random(), np.random.rand(), torch.rand(()).item()])


def refuse_2(sample):
    return linear_decay(1, start=sample, end=1)


def take(loader, count):
    return [batch for _, batch in zip(range(count), loader, strict=False)]


def numbers(batches):
    return [int(number) for batch in batches for number in batch]


def test_each_pass_has_every_sample_once_and_follows_the_one_before_without_a_gap():
    read = numbers(take(StreamLoader(Stream(7), 3, seed=0, shuffle=4), 14))
    passes = [read[start : start + 7] for start in range(0, 42, 7)]
    assert [sorted(one) for one in passes] == [[100 * k + n for n in range(7)] for k in range(6)]
    orders = {tuple(number % 100 for number in one) for one in passes}
    assert len(orders) > 3  # shuffled in another way each time
    assert all(set(one[:4]) == {100 * k + n for n in range(4)} for k, one in enumerate(passes))  # in blocks


def test_the_seed_decides_and_a_block_of_one_keeps_the_streams_order():
    first, again, other = (numbers(take(StreamLoader(Stream(9), 3, seed=s), 5)) for s in (1, 1, 2))
    assert first == again != other
    assert numbers(take(StreamLoader(Stream(4), 3, seed=1, shuffle=1), 2)) == [0, 1, 2, 3, 100, 101]


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("shuffle", [1, 4, 100])
@pytest.mark.parametrize("batches", range(8))
def test_it_goes_on_anywhere(kind, shuffle, batches):
    def loader():
        return StreamLoader(make(kind, 7), 3, seed=5, shuffle=shuffle, transform=draws)

    whole, first, second = torch.stack(take(loader(), 12)), loader(), loader()
    take(first, batches)
    second.position = first.position
    second.load_state_dict(first.state_dict())
    assert torch.equal(torch.stack(take(second, 12 - batches)), whole[batches:])
    assert torch.equal(torch.stack(take(first, 12 - batches)), whole[batches:])  # begun again, and not lost


@pytest.mark.parametrize("kind", STREAMS)
def test_a_worker_changes_nothing(kind):
    whole = torch.stack(take(StreamLoader(make(kind, 7), 3, seed=5, shuffle=4, transform=draws), 12))
    first = StreamLoader(make(kind, 7), 3, seed=5, shuffle=4, transform=draws, workers=1)
    assert torch.equal(torch.stack(take(first, 5)), whole[:5])
    second = StreamLoader(make(kind, 7), 3, seed=5, shuffle=4, transform=draws, workers=1)
    second.position = first.position
    second.load_state_dict(first.state_dict())
    assert torch.equal(torch.stack(take(second, 7)), whole[5:])


@pytest.mark.parametrize("workers", [0, 1])
def test_a_refused_sample_is_named_and_so_is_an_empty_pass(workers):
    samples = [1] * 199 + [2] + [1] * 100
    loader = StreamLoader(samples, 1, seed=0, shuffle=256, transform=refuse_2, workers=workers)
    with pytest.raises(ValueError, match=r"^sample 200 of a pass over the stream: .* got"):
        take(loader, 300)
    with pytest.raises(ValueError, match=r"^expected a stream to be .* got no sample in pass 1$"):
        take(StreamLoader([], 1, seed=0, workers=workers), 1)


class Part:
    """The even or the odd numbers of a stream, whose position both have in common, as in `datasets`."""

    def __init__(self, stream, rest):
        self.stream = stream
        self.rest = rest
        self.state_dict, self.load_state_dict = stream.state_dict, stream.load_state_dict

    def __deepcopy__(self, memo):
        return Part(copy.deepcopy(self.stream, memo), self.rest)

    def __iter__(self):
        return (number for number in self.stream if number % 2 == self.rest)


def test_streams_of_one_dataset_do_not_disturb_each_other():
    def loaders():
        base = Resumable(40)
        return [StreamLoader(Part(base, rest), 2, seed=0, shuffle=3) for rest in range(2)]

    def read(pair, steps):
        return numbers([batch for _, *both in zip(range(steps), *pair, strict=False) for batch in both])

    for steps in range(1, 7):
        first, second = loaders(), loaders()
        read(map(iter, first), steps)
        for before, after in zip(first, second, strict=True):
            after.position = before.position
            after.load_state_dict(before.state_dict())
        assert read(second, 3) == read(first, 3)


def test_a_stream_that_needs_arguments_for_its_state_is_read_again():
    class Other(Resumable):
        def state_dict(self, _read):
            raise AssertionError

    whole, loader = numbers(take(StreamLoader(Stream(7), 2, seed=0), 9)), StreamLoader(Other(7), 2, seed=0)
    assert numbers(take(loader, 4)) + numbers(take(loader, 5)) == whole


def test_no_more_than_a_block_is_in_memory():
    class Sample:
        alive = most = 0

        def __init__(self, number):
            self.number = number
            Sample.alive += 1
            Sample.most = max(Sample.most, Sample.alive)

        def __del__(self):
            Sample.alive -= 1

    class Samples:
        def __iter__(self):
            return map(Sample, range(200))

    take(StreamLoader(Samples(), 1, seed=0, shuffle=20, transform=lambda sample: sample.number), 150)
    assert Sample.most <= 20 + 2  # and the last two that were handed out


def test_a_stream_with_a_position_reads_no_more_than_a_block_again():
    first = StreamLoader(Resumable(1_000), 4, seed=0, shuffle=8)
    take(first, 200)
    stream = Resumable(1_000)
    second = StreamLoader(stream, 4, seed=0, shuffle=8)
    second.position = first.position
    second.load_state_dict(first.state_dict())
    take(second, 1)
    assert stream.all_read <= 8 + 8  # that block, and the next one


@pytest.mark.parametrize("shuffle", [1, 5])
def test_two_processes_that_read_the_same_are_one_with_the_whole_batch(shuffle):
    options = {"seed": 5, "shuffle": shuffle, "transform": draws}
    whole = take(StreamLoader(Stream(7), 4, **options), 6)
    parts = [take(StreamLoader(Stream(7), 2, process=rank, processes=2, **options), 6) for rank in range(2)]
    for one, left, right in zip(whole, *parts, strict=True):
        assert torch.equal(one, torch.cat([left, right]))


def test_two_processes_with_streams_of_their_own_use_all_of_them():
    loaders = [
        StreamLoader(Stream(6), 2, seed=0, process=rank, processes=2, divided=True, transform=draws)
        for rank in range(2)
    ]
    first, second = (take(loader, 3) for loader in loaders)
    for batches in (first, second):
        assert sorted(int(sample[0]) for batch in batches for sample in batch) == list(range(6))
    assert [loader.position for loader in loaders] == [12, 12]
    assert not torch.equal(torch.stack(first)[..., 1:], torch.stack(second)[..., 1:])  # random numbers


def test_a_transforms_random_numbers_are_those_of_a_dataset_and_not_the_trainings():
    class Numbers(list):
        def __getitem__(self, index):
            return draws(index)

    state = torch.get_rng_state()
    streamed = take(StreamLoader(list(range(5)), 2, seed=3, shuffle=1, transform=draws), 6)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(
        torch.stack(streamed), torch.stack(take(Loader(Numbers(range(5)), 2, seed=3, shuffle=False), 6))
    )


def trained(out, steps, kind=Resumable):
    run = Run(out, seed=1)
    net = nn.Linear(1, 1)
    optimizer = SGD(net.parameters(), lr=1e-5)
    loader = run.stream(make(kind, 7), 3, shuffle=4, transform=lambda n: torch.tensor([float(n)]))
    run.register(net=net, optimizer=optimizer)
    run.resume()
    for batch in run.steps(loader, until=steps):
        run.update(optimizer, net(batch).square().mean())
    run.save()
    return net.state_dict()


@pytest.mark.parametrize("kind", STREAMS)
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, kind):
    whole = trained(tmp_path / "whole", 9, kind)
    trained(tmp_path / "resumed", 4, kind)
    resumed = trained(tmp_path / "resumed", 9, kind)
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


def test_a_loop_takes_the_batches_of_a_second_stream_itself(tmp_path):
    def trained(out, steps):
        run = Run(out)
        seen = []
        first, second = run.stream(Stream(7), 3, shuffle=4), run.stream(Resumable(5), 2, shuffle=3)
        run.register(net=nn.Linear(1, 1))
        run.resume()
        others = iter(second)
        for batch in run.steps(first, until=steps):
            seen.append((batch.tolist(), next(others).tolist()))
        run.save()
        return seen

    whole = trained(tmp_path / "whole", 9)
    assert trained(tmp_path / "resumed", 4) + trained(tmp_path / "resumed", 9) == whole


def test_a_checkpoint_of_a_dataset_is_not_continued_with_a_stream(tmp_path):
    run = Run(tmp_path)
    run.loader(torch.zeros(4, 1), 2)
    run.register(net=nn.Linear(1, 1))
    run.resume()
    run.save()
    run = Run(tmp_path)
    run.stream([torch.zeros(1)], 2)
    run.register(net=nn.Linear(1, 1))
    with pytest.raises(ValueError, match="0 streams and this run has 1, or in another order; make"):
        run.resume()


def test_other_blocks_are_refused():
    first, second = StreamLoader([1, 2], 2, seed=0, shuffle=8), StreamLoader([1, 2], 2, seed=0, shuffle=4)
    with pytest.raises(ValueError, match=r"^expected shuffle=8 for the stream, as in the checkpoint; got 4$"):
        second.load_state_dict(first.state_dict())


def test_wrong_use_is_one_sentence(tmp_path):
    run = Run(tmp_path)
    with pytest.raises(ValueError, match=r"__len__ and __getitem__; got Stream; .* use run\.stream$"):
        run.loader(Stream(3), 2)
    with pytest.raises(ValueError, match=r"__len__ and __getitem__; got Sized; .* use run\.stream$"):
        run.loader(Sized(), 2)
    with pytest.raises(ValueError, match="shuffle of at least 1 sample; got 2 and 0"):
        run.stream([1], 2, shuffle=0)
    with pytest.raises(ValueError, match="expected 0 or 1 workers, as a stream is read in its order; got 2"):
        run.stream([1], 2, workers=2)
    with pytest.raises(ValueError, match="to be read in each pass; got no sample in pass 1"):
        next(iter(run.stream([], 2)))
    with pytest.raises(ValueError, match="to be read in each pass; got no sample in pass 2"):
        take(run.stream(iter([1, 2, 3]), 2), 2)
