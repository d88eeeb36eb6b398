"""The version of the package; that of the project (CMakeLists.txt)."""

VERSION = "0.1.0"
