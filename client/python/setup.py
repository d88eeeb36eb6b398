"""The wheel and the sdist have the generated code in them; who installs them needs no compiler.

    python3 setup.py bdist_wheel sdist        # No network: python3-setuptools, python3-wheel,
    pip install --no-build-isolation .        # thrift-compiler.
"""

import pathlib
import sys

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import generate  # noqa: E402


def in_checkout():
    """An sdist has what is generated, and not from what."""
    return generate.INTERFACE.exists()


class BuildPy(build_py):
    def run(self):
        if in_checkout():
            generate.generate(HERE)
        super().run()


class Sdist(sdist):
    def run(self):
        if in_checkout():
            generate.generate(HERE)
        super().run()


setup(cmdclass={"build_py": BuildPy, "sdist": Sdist})
