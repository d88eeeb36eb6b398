"""High-water marks in a file."""

from __future__ import annotations

import fcntl
import os
from typing import Optional

from ._core.high_water import HighWater
from .errors import ErrorCode, Failure, bad_argument, error_of

# Rewritten when it has so many more lines than marks.
SPARE_LINES = 10_000


class MarkFile:
    """One line for each mark that was raised: `<cell prefix> <generation> <path>`, the numbers in
    hexadecimal. A mark is on the disk (fdatasync) before save() answers. A line that was cut off by
    a crash was never accepted, and is removed by the next opening. For one process at a time.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as busy:
            os.close(self._lock)
            raise error_of(Failure(
                ErrorCode.LIMIT, f"Another process keeps its marks in {path}.", retryable=True,
                limit_name="processes", limit=1)) from busy
        self._file: Optional[int] = None
        self._good_bytes = 0
        self._lines = 0
        try:
            self._marks = self._read()
            self._open()
        except BaseException:
            self.close()
            raise

    def load(self) -> list[HighWater]:
        return [HighWater(prefix, path, generation)
                for (prefix, path), generation in self._marks.items()]

    def save(self, mark: HighWater) -> None:
        """OSError if it is not safe."""
        line = _line(mark)
        if self._file is None:
            self._open()
        file = self._file
        assert file is not None
        try:
            _write_all(file, line)
            os.fdatasync(file)
        except OSError:
            # After a failed sync nobody knows what the disk has: what is good is read again.
            os.close(file)
            self._file = None
            raise
        self._good_bytes += len(line)
        self._lines += 1
        self._marks[mark.cell_prefix, mark.path] = mark.generation
        if self._lines > 2 * len(self._marks) + SPARE_LINES:
            self._rewrite()

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # ---- inside ----------------------------------------------------------------------------------

    def _read(self) -> dict[tuple[int, str], int]:
        try:
            with open(self._path, "rb") as file:
                contents = file.read()
        except FileNotFoundError:
            contents = b""
        self._good_bytes = contents.rfind(b"\n") + 1
        marks: dict[tuple[int, str], int] = {}
        for number, line in enumerate(contents[:self._good_bytes].splitlines(), 1):
            mark = _parse(line)
            if mark is None:
                raise bad_argument(f"{self._path}:{number}: not a mark; is this the right file?")
            key = mark.cell_prefix, mark.path
            marks[key] = max(marks.get(key, 0), mark.generation)
            self._lines = number
        return marks

    def _open(self) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(file, self._good_bytes)
            os.lseek(file, 0, os.SEEK_END)
            os.fsync(file)
            _sync_folder(self._path)
        except OSError:
            os.close(file)
            raise
        self._file = file

    def _rewrite(self) -> None:
        """A failure leaves the old file as it is: it is tried again with a later mark."""
        fresh = self._path + ".new"
        lines = b"".join(_line(mark) for mark in self.load())
        try:
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        except OSError:
            return
        try:
            _write_all(file, lines)
            os.fsync(file)
            os.rename(fresh, self._path)
        except OSError:
            os.close(file)
            return
        assert self._file is not None
        os.close(self._file)
        self._file, self._good_bytes, self._lines = file, len(lines), len(self._marks)
        try:
            _sync_folder(self._path)
        except OSError:
            # Marks that follow go into the new file: whichever of the two a crash leaves, it must
            # be this. The next opening sees to it.
            os.close(file)
            self._file = None


def _line(mark: HighWater) -> bytes:
    return f"{mark.cell_prefix:016x} {mark.generation:016x} {mark.path}\n".encode()


def _parse(line: bytes) -> Optional[HighWater]:
    try:
        prefix, generation, path = line.decode().split(" ", 2)
        return HighWater(int(prefix, 16), path, int(generation, 16))
    except ValueError:
        return None


def _write_all(file: int, contents: bytes) -> None:
    while contents:
        contents = contents[os.write(file, contents):]


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
