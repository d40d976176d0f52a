"""Shards behind a web server: trained, killed in the middle, and equal to the folder of the same files."""

import os
import signal
import subprocess
import sys
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from gan_nets import load

pytest.importorskip("datasets")

PROGRAM = """
import os, signal, sys
from pathlib import Path
import torch
from datasets import Image, load_dataset
from gan_data import Images, ImageTransform
from gan_nets import UNetGenerator
from gan_trainers import Run

source, out, killed_at, workers = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
run = Run(out, seed=0)
views = {"size": 16, "load_size": 20}
if source.startswith("http"):
    shards = [f"{source}/{index}.tar" for index in range(3)]
    stream = load_dataset("webdataset", data_files={"train": shards}, split="train", streaming=True)
    transform = ImageTransform(**views)
    batches = run.stream(
        stream.cast_column("png", Image(decode=False)),
        2,
        shuffle=1,
        workers=workers,
        transform=lambda sample: transform(sample["png"]["bytes"]),
    )
else:
    batches = run.loader(Images(Path(source), **views), 2, shuffle=False)
net = UNetGenerator(3, 3, depth=2, width=4)
optimizer = torch.optim.Adam(net.parameters())
run.register(net=net, optimizer=optimizer)
run.resume()
for images in run.steps(batches, until=11):
    run.update(optimizer, (net(images) - images).abs().mean())
    if run.step == 5:
        run.save()
    if run.step == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)
net.save_pretrained(Path(out) / "net")
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(photos, tmp_path):
    """The address of three shards of four photos each, in the order of their names."""
    (tmp_path / "shards").mkdir()
    files = sorted(photos.iterdir())
    for index in range(3):
        with tarfile.open(tmp_path / "shards" / f"{index}.tar", "w") as shard:
            for file in files[4 * index : 4 * index + 4]:
                shard.add(file, file.name)
    handler = partial(Quiet, directory=str(tmp_path / "shards"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def train(program, source, out, killed_at=0, workers=0):
    here = {"HF_HOME": str(out.parent / "hf"), "HF_HUB_OFFLINE": "1", "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, program, source, out, killed_at, workers]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=os.environ | here)
    assert done.returncode == (-signal.SIGKILL if killed_at else 0), done.stderr
    return done.stderr


def test_a_killed_run_on_shards_equals_one_on_the_folder(server, photos, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    train(program, photos, tmp_path / "folder")
    train(program, server, tmp_path / "shards_run", killed_at=8)  # in the second pass over 12 photos
    assert "resuming from step 5" in train(program, server, tmp_path / "shards_run", workers=1)
    expected = load(tmp_path / "folder" / "net").state_dict()
    found = load(tmp_path / "shards_run" / "net").state_dict()
    assert all(found[name].equal(value) for name, value in expected.items())
