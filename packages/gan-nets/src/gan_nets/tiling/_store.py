"""Memory for feature maps between two computations: that of the process, or temporary files."""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor, UntypedStorage

MIB = 2**20


class Store:
    """Tensors on the CPU; at the end of its `with` block, temporary files are deleted.

    Args:
        size: bytes that it will hold at once.
        memory: bytes that it may hold in memory. A larger store is in temporary files, of which the system
            keeps in memory what is free. They are in the folder of Python's `tempfile`, which the environment
            variable TMPDIR sets.

    Attributes:
        folder: of the files; None in memory.

    Raises:
        OSError: the disk has not enough room.
    """

    def __init__(self, size: int, memory: int) -> None:
        self.folder = _temporary_folder(size) if size > memory else None
        self._files = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def empty(self, size: Sequence[int], like: Tensor) -> Tensor:
        """A tensor with the dtype and the layout of another one, its numbers not set."""
        dense = like.is_contiguous() or not like.is_contiguous(memory_format=torch.channels_last)
        layout = torch.contiguous_format if dense else torch.channels_last
        form = torch.empty(*size, dtype=like.dtype, device="meta", memory_format=layout)
        storage = self._allocate(form.untyped_storage().nbytes())
        return torch.empty(0, dtype=like.dtype).set_(storage, 0, form.size(), form.stride())

    def keep(self, tensors: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """The tensors, copied where they are not in the store; those that share memory share it again."""
        if self.folder is None and all(tensor.device.type == "cpu" for tensor in tensors.values()):
            return dict(tensors)
        kept: dict[int, UntypedStorage] = {}
        for tensor in tensors.values():
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in kept:
                kept[storage.data_ptr()] = storage if storage.filename else self._copied(storage)
        return {number: _over(tensor, kept) for number, tensor in tensors.items()}

    def _copied(self, storage: UntypedStorage) -> UntypedStorage:
        copied = self._allocate(storage.nbytes())
        copied.copy_(storage)
        return copied

    def _allocate(self, size: int) -> UntypedStorage:
        if self.folder is None or size == 0:
            return UntypedStorage(size)
        path = self.folder / str(self._files)
        self._files += 1
        try:
            _reserve(path, size)
        except OSError as error:
            raise _full(self.folder, size) from error
        # Not UntypedStorage.from_file, whose type torch declares wrongly.
        storage = torch.from_file(str(path), shared=True, size=size, dtype=torch.uint8).untyped_storage()
        with suppress(PermissionError):  # on Windows it is deleted at the end
            path.unlink()  # the disk's space is free again as soon as nothing uses the storage
        return storage


def _over(tensor: Tensor, storages: Mapping[int, UntypedStorage]) -> Tensor:
    """The tensor over the copy of its storage."""
    storage = storages[tensor.untyped_storage().data_ptr()]
    empty = torch.empty(0, dtype=tensor.dtype)
    return empty.set_(storage, tensor.storage_offset(), tensor.size(), tensor.stride())


def _temporary_folder(size: int) -> Path:
    folder = Path(tempfile.gettempdir())
    if shutil.disk_usage(folder).free < size:
        raise _full(folder, size)
    return Path(tempfile.mkdtemp(prefix="gan-nets-"))


def _reserve(path: Path, size: int) -> None:
    """Make a file whose blocks the disk has: writing to mapped ones that it lacks would end the process."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
            return
        for start in range(0, size, MIB):
            file.write(bytes(min(MIB, size - start)))


def _full(folder: Path, size: int) -> OSError:
    return OSError(
        f"expected {in_mib(size)} of free disk space for temporary files in {folder}; "
        f'got less; free space there, set TMPDIR to another folder, or use statistics "tile"'
    )


def in_mib(size: int) -> str:
    """Bytes as text."""
    return f"{-(-size // MIB):,} MiB"
