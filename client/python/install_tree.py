#!/usr/bin/env python3
"""Makes FOLDER/tree: what an installation of the package has, out of the wheel.

    python3 install_tree.py FOLDER

Nothing is written beside the sources. Needs what a wheel needs (setup.py), and no network.
"""

import pathlib
import shutil
import subprocess
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
INTERFACE = HERE.parents[1] / "thrift" / "lockservice.thrift"
LEFT_BEHIND = ("api", "build", "dist", "*.egg-info", "__pycache__")


def make_tree(folder):
    """Replaces `folder`/tree and returns it."""
    checkout = folder / "checkout"
    shutil.rmtree(checkout, ignore_errors=True)
    package = checkout / "client" / "python"
    shutil.copytree(HERE, package, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    (checkout / "thrift").mkdir()
    shutil.copy(INTERFACE, checkout / "thrift")
    subprocess.run([sys.executable, "-B", "-W", "ignore", "setup.py", "--quiet", "bdist_wheel"],
                   cwd=package, check=True)
    [wheel] = (package / "dist").glob("*.whl")
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    zipfile.ZipFile(wheel).extractall(tree)
    # The list of files is for pip, which must not remove what another installer has put there.
    [information] = tree.glob("*.dist-info")
    for file in ("RECORD", "top_level.txt"):
        (information / file).unlink()
    shutil.rmtree(checkout)
    return tree


if __name__ == "__main__":
    make_tree(pathlib.Path(sys.argv[1]))
