"""A server on localhost that answers as the Hugging Face Hub does, and an environment that leads to it."""

import base64
import hashlib
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
import torch
from gan_nets import SRResNet
from huggingface_hub import utils

USERS = {"hf_writer": "user", "hf_reader": "reader"}


class Repository:
    """Commits, each a dict of files, and the branches that name them."""

    def __init__(self, private=False, gated=False):
        self.private, self.gated = private, gated
        self.commits, self.branches, self.messages = {}, {}, []
        self.commit("main", {"README.md": b"---\n{}\n---\n"}, "initial commit")

    def commit(self, branch, files, message="test"):
        content = self.files(branch) | files if branch in self.branches else files
        serial = f"{len(self.commits)} {sorted(content)}"
        sha = hashlib.sha1(serial.encode()).hexdigest()
        self.commits[sha] = content
        self.branches[branch] = sha
        self.messages.append(message)
        return sha

    def sha(self, revision):
        return self.branches.get(revision) or (revision if revision in self.commits else None)

    def files(self, revision):
        return self.commits[self.sha(revision)]


class RefusedError(Exception):
    """An answer that is no success: status, the Hub's code, and text."""


class Handler(BaseHTTPRequestHandler):
    """The requests that huggingface_hub makes for our commands."""

    def log_message(self, *_):
        pass

    def do(self):
        hub = self.server
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        path = unquote(urlsplit(self.path).path).removeprefix("/")
        hub.requests.append(f"{self.command} {path}")
        try:
            if hub.broken:
                raise RefusedError(500, "", "the Hub is being repaired")
            self.route(path.split("/"))
        except RefusedError as refused:
            status, code, text = refused.args
            self.answer(status, {"error": text}, {"X-Error-Code": code, "X-Error-Message": text})

    do_GET = do_HEAD = do_POST = do_PUT = do  # noqa: N815  # as http.server names them

    def answer(self, status, content=b"", headers=None):
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def route(self, parts):
        match parts:
            case ["api", "whoami-v2"]:
                self.answer(200, {"type": "user", "name": self.user(required=True)})
            case ["api", "validate-yaml"]:
                self.validate()
            case ["api", "repos", "create"]:
                self.create()
            case ["api", "models", owner, name, *rest]:
                self.api(f"{owner}/{name}", rest)
            case [owner, name, "resolve", revision, *path]:
                self.resolve(f"{owner}/{name}", revision, "/".join(path))
            case [owner, name, "info", "lfs", "objects", "batch"]:
                self.lfs_batch(f"{owner}/{name.removesuffix('.git')}")
            case ["storage", oid] if self.command == "PUT":
                self.server.storage[oid] = self.body
                self.answer(200)
            case ["storage", oid]:
                self.answer(200, self.server.storage[oid], {"ETag": f'"{oid}"'})
            case _:
                raise RefusedError(404, "", f"nothing at {self.path}")

    def user(self, required=False):
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token and token not in USERS:
            raise RefusedError(401, "", "Invalid credentials in Authorization header")
        if required and not token:
            raise RefusedError(401, "", "Invalid username or password.")
        return USERS.get(token)

    def repository(self, name, writing=False):
        user, found = self.user(), self.server.repositories.get(name)
        if found is None or (found.private and user != name.split("/")[0]):
            raise RefusedError(404 if user else 401, "RepoNotFound", "Repository not found")
        if found.gated and user != name.split("/")[0]:
            raise RefusedError(403, "GatedRepo", "Access to this model is restricted")
        if writing and user != name.split("/")[0]:
            raise RefusedError(403 if user else 401, "", "You don't have the rights to write here")
        return found

    def validate(self):
        allowed = not any(word in json.loads(self.body)["content"] for word in ("license: nonsense",))
        errors = [] if allowed else [{"message": '"license" must be one of [apache-2.0, mit, ...]'}]
        self.answer(200 if allowed else 400, {"errors": errors, "warnings": []})

    def create(self):
        asked, user = json.loads(self.body), self.user(required=True)
        name = f"{asked['organization'] or user}/{asked['name']}"
        if not name.startswith(f"{user}/"):
            raise RefusedError(403, "", "You don't have the rights to create a model under this namespace")
        url = {"url": f"{self.server.address}/{name}"}
        if name in self.server.repositories:
            return self.answer(409, {"error": "You already created this model repo", **url})
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        self.server.repositories[name] = Repository(private)
        return self.answer(200, url)

    def api(self, name, rest):
        match rest:
            case [] | ["revision", _]:
                revision = rest[1] if rest else "main"
                found, sha = self.at(name, revision)
                siblings = [{"rfilename": path} for path in found.files(sha)]
                facts = {"id": name, "modelId": name, "private": found.private, "sha": sha, "tags": []}
                self.answer(200, {**facts, "siblings": siblings, "downloads": 0, "likes": 0})
            case ["tree", revision, *_]:
                found, sha = self.at(name, revision)
                files = found.files(sha)
                listed = [{"type": "file", "path": p, "size": len(b), "oid": "0"} for p, b in files.items()]
                self.answer(200, listed)
            case ["branch", branch]:
                found = self.repository(name, writing=True)
                if branch in found.branches:
                    raise RefusedError(409, "", "Reference already exists")
                found.branches[branch] = found.branches["main"]
                self.answer(201, {})
            case ["preupload", revision]:
                self.at(name, revision, writing=True)
                files = [
                    {
                        "path": each["path"],
                        "uploadMode": "lfs" if each["path"].endswith(".safetensors") else "regular",
                        "shouldIgnore": False,
                        "oid": None,
                    }
                    for each in json.loads(self.body)["files"]
                ]
                self.answer(200, {"files": files})
            case ["commit", branch]:
                self.commit(name, branch)

    def at(self, name, revision, writing=False):
        found = self.repository(name, writing)
        if found.sha(revision) is None:
            raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return found, found.sha(revision)

    def commit(self, name, branch):
        found, _ = self.at(name, branch, writing=True)
        files, message = {}, ""
        for line in self.body.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            match entry["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.server.storage[value["oid"]]
        sha = found.commit(branch, files, message)
        url = f"{self.server.address}/{name}/commit/{sha}"
        self.answer(200, {"commitUrl": url, "commitOid": sha, "pullRequestUrl": None})

    def lfs_batch(self, name):
        self.repository(name, writing=True)
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.server.storage_address}/storage/{each['oid']}"}}}
            for each in json.loads(self.body)["objects"]
        ]
        self.answer(200, {"transfer": "basic", "objects": objects})

    def resolve(self, name, revision, path):
        found, sha = self.at(name, revision)
        content = found.files(sha).get(path)
        commit = {"X-Repo-Commit": sha}
        if content is None:
            return self.answer(404, b"", {**commit, "X-Error-Code": "EntryNotFound"})
        etag = hashlib.sha256(content).hexdigest()
        if not path.endswith(".safetensors"):
            return self.answer(200, content, {**commit, "ETag": f'"{etag}"'})
        self.server.storage[etag] = content  # large files are in a storage of their own
        linked = {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(content))}
        place = {"Location": f"{self.server.storage_address}/storage/{etag}"}
        return self.answer(302, b"", {**commit, **linked, **place})


class Hub(ThreadingHTTPServer):
    """The server: its repositories, and the requests that it got."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.storage_address = f"http://localhost:{self.server_port}"  # another host, as the Hub's storage
        self.repositories, self.storage, self.requests, self.broken = {}, {}, [], False

    def add(self, name, *nets, folder="", branch="main", **kind):
        """A repository with the files of networks, one commit each."""
        found = self.repositories.setdefault(name, Repository(**kind))
        found.branches.setdefault(branch, found.branches["main"])
        for net in nets:
            files = {f"{folder}{path.name}": path.read_bytes() for path in sorted(net.iterdir())}
            found.commit(branch, files)
        return found


def local_only(look_up):
    """`socket.getaddrinfo`, by which no other machine is found."""

    def local(host, *arguments, **options):
        if host not in ("127.0.0.1", "localhost"):
            raise OSError(f"expected requests to this machine only; got one to {host}")
        return look_up(host, *arguments, **options)

    return local


def set_constants(monkeypatch, values):
    """Set constants of huggingface_hub, and the copies that its modules have in some versions."""
    for each in [module for name, module in sys.modules.items() if name.startswith("huggingface_hub")]:
        for name, value in values.items():
            if name in vars(each):
                monkeypatch.setattr(each, name, value)
    end_connections()


def end_connections():
    """Let the next request make a session of its own."""
    for name in ("close_session", "reset_sessions"):  # the names of newer and older versions
        if hasattr(utils, name):
            getattr(utils, name)()


@pytest.fixture
def set_offline(monkeypatch):
    """Turns HF_HUB_OFFLINE on or off."""
    return lambda on: set_constants(monkeypatch, {"HF_HUB_OFFLINE": on})


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The server, as the only Hub.

    huggingface_hub reads the environment at its import, so that its constants are set besides.
    """
    server = Hub()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    home = tmp_path / "home"
    environment = {
        "HF_ENDPOINT": server.address,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    values = {
        "ENDPOINT": server.address,
        "HUGGINGFACE_CO_URL_TEMPLATE": server.address + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_DISABLE_PROGRESS_BARS": True,
        "HF_HUB_OFFLINE": False,
    }
    set_constants(monkeypatch, values)
    monkeypatch.setattr(socket, "getaddrinfo", local_only(socket.getaddrinfo))
    yield server
    server.shutdown()
    server.server_close()
    end_connections()


@pytest.fixture
def saved(tmp_path):
    """Writes a small network to a folder of a name."""

    def saved(name="net", seed=0):
        torch.manual_seed(seed)
        net = SRResNet(scale=2, blocks=1, width=2).eval()
        net.save_pretrained(tmp_path / name)
        return net, tmp_path / name

    return saved


@pytest.fixture(scope="session")
def same():
    """Whether two networks are of a class and have the same tensors."""

    def same(one, other):
        pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
        return type(one) is type(other) and all(a[0] == b[0] and torch.equal(a[1], b[1]) for a, b in pairs)

    return same
