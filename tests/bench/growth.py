"""G1 to G7: how the figures move as the work grows. Run only when named."""

from tests.bench import (closed_loops, endurance, members, node_counts, offered_load,
                         session_counts)

NAME = "growth"  # All of them.
WORKS = {
    "G1": "writes, 1 to 4,096 outstanding",
    "G2": "writes offered at 10 to 300 % of what the cell can take, beside locks that are held",
    "G3": "cells of 1, 3 and 5 voters, and of 3 voters and 2 observers",
    "G4": "writes of 100 B to 256 KiB",
    "G5": "1,000 to 1,000,000 nodes: creation, memory, disk, restart, single writes",
    "G6": "100 to 50,000 idle sessions: memory, CPU, single writes",
    "G7": "a cell under mixed load for half an hour (--minutes): memory, disk, p99.9"}
RUNS = {"G1": closed_loops.run_outstanding, "G2": offered_load.run, "G3": members.run,
        "G4": closed_loops.run_value_sizes, "G5": node_counts.run, "G6": session_counts.run,
        "G7": endurance.run}


def run(bench, works):
    for work in WORKS:
        if work in works:
            RUNS[work](bench)
