"""What the figures were measured on."""

import os
import pathlib
import platform
import shutil
import subprocess
import time

from tests.harness.programs import program



def describe(folder, systems):
    """{what: words} of this machine and of the programs."""
    return {"processor": _processor(), "cores": str(os.cpu_count()), "memory": _memory(),
            "kernel": platform.release(), "system": _system(), "data on": _disk(folder),
            "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "other load at the start": f"{os.getloadavg()[0]:.1f}",
            **{system: _version(system) for system in systems}}


def is_on_disk(folder):
    return _file_system(folder) not in ("tmpfs", "ramfs")


def _lines(path):
    try:
        return pathlib.Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []


def _processor():
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory():
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return f"{int(line.split()[1]) / 2**20:.0f} GiB"
    return "unknown"


def _system():
    for line in _lines("/etc/os-release"):
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()


def _mount(folder):
    """(device, type) of the file system that has the folder."""
    folder = pathlib.Path(folder).resolve()
    best = ("", "unknown", "")
    for line in _lines("/proc/mounts"):
        device, where, kind = line.split()[:3]
        if folder.is_relative_to(where) and len(where) >= len(best[2]):
            best = (device, kind, where)
    return best[:2]


def _file_system(folder):
    return _mount(folder)[1]


def _disk(folder):
    device, kind = _mount(folder)
    return f"{kind} on {device}"


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except OSError:
        return "unknown"
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _package(name):
    if shutil.which("dpkg-query") is None:
        return "unknown"
    return _first_line("dpkg-query", "-W", "-f", "${Version}", name)


def _version(system):
    if system == "zookeeper":
        return f"{_package('zookeeper')}, {_first_line('java', '-version')}"
    if system == "etcd":
        return _first_line(os.environ["HOLDFAST_ETCD"], "--version")
    return _first_line(program("holdfastd"), "--version")
