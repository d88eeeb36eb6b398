"""Holdfast, ZooKeeper and etcd measured side by side (./dev bench).

Every system is measured by a generator of its own in the same way, in turns, on one machine:
measurement.py says what, run.py does it, and the tables and charts go to docs/benchmarks/.
"""
