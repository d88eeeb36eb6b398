"""The parts of the runner that compute, and one very short run against a cell of our own."""

import json
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import pathlib

from tests.bench import (chart, charts, closed_loops, endurance, goals, growth, growth_charts,
                         growth_report, growth_table, growth_verdicts, loops, members, memory,
                         offered_load, report, run, starts, table)
from tests.bench.cpu_watch import ours_s
from tests.bench.failover import BLOWS
from tests.bench.holdfast_cell import HoldfastCell
from tests.bench.limits import MACHINE, ROUND_TRIP, sync_point
from tests.bench.sample import Sample, Samples, Spread
from tests.bench.system import Trouble, figures_of, next_figures, with_cpu_per_op
from tests.harness.programs import ROOT

WRITE = "write, 256 outstanding, at the leader"
HAND_OVER = "hand-over of one lock, 16 clients, at the leader"


def samples_of(work, point, figure, **systems):
    """Each system's figures in the order of the repetitions; text is a trouble."""
    all_samples = Samples()
    for system, values in systems.items():
        for number, value in enumerate(values, 1):
            trouble = value if isinstance(value, str) else ""
            figures = {} if trouble else {figure: value}
            all_samples.add(Sample(work, point, system, number, figures, trouble))
    return all_samples


def goal(**changes):
    fields = {"what": "w", "work": "W1", "point": WRITE, "figure": "per_s", "better": "higher",
              "against": "peers", "floor": 1.5, "goal": 3.0}
    return goals.Goal(**{**fields, **changes})


class SampleTest(unittest.TestCase):
    def test_a_spread_is_the_median_and_the_range(self):
        self.assertEqual(Spread.of([5, 1, 3]), Spread(3, 1, 5, 3))
        self.assertEqual(Spread.of([4, 2]).median, 3)

    def test_what_fails_once_has_no_figure(self):
        samples = samples_of("W1", WRITE, "per_s", etcd=[1, "a wrong answer", 3])
        self.assertIsNone(samples.spread("W1", WRITE, "etcd", "per_s"))
        self.assertEqual(samples.troubles("W1", WRITE, "etcd"), ["a wrong answer"])

    def test_a_point_is_disturbed_when_most_of_its_samples_are(self):
        calm = Sample("W1", WRITE, "etcd", 1, {"cpu_foreign": 0.04})
        disturbed = Sample("W1", WRITE, "etcd", 2, {"cpu_foreign": 0.06})
        self.assertFalse(Samples([calm, disturbed]).is_disturbed("W1", WRITE, "etcd"))
        self.assertTrue(Samples([disturbed]).is_disturbed("W1", WRITE, "etcd"))

    def test_samples_go_through_json(self):
        samples = samples_of("W1", WRITE, "per_s", etcd=[1.5, "no"])
        kept = json.loads(json.dumps(samples.to_json()))
        self.assertEqual(Samples.from_json(kept).all, samples.all)

    def test_the_cpu_of_an_operation_is_split_by_role(self):
        figures = with_cpu_per_op(
            {"cpu_servers": [0.8, 0.2, 0.4], "cpu_client": 0.1, "per_s": 10_000})
        self.assertAlmostEqual(figures["leader_us_per_op"], 80)
        self.assertAlmostEqual(figures["follower_us_per_op"], 30)
        self.assertAlmostEqual(figures["client_us_per_op"], 10)

    def test_what_children_use_is_ours_while_they_live_and_after(self):
        burn = ("import time\nwhile time.process_time() < 0.5: sum(range(100_000))\n"
                "print(flush=True)\ninput()")
        before = ours_s()
        with subprocess.Popen([sys.executable, "-c", burn], text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            self.assertGreater(ours_s() - before, 0.3)
            child.communicate("\n")
        self.assertGreater(ours_s() - before, 0.3)

    def test_a_generator_that_failed_or_was_silent_has_no_figures(self):
        self.assertEqual(figures_of('{"waiting": true}\n{"per_s": 2}\n'), {"per_s": 2})
        for output in ('{"per_s": 2, "failed": "two holders"}', ""):
            with self.assertRaises(Trouble):
                figures_of(output, "it crashed")


class GoalTest(unittest.TestCase):
    def test_the_better_peer_is_the_bar(self):
        samples = samples_of("W1", WRITE, "per_s", holdfast=[60], zookeeper=[30], etcd=[20])
        verdict = goals.judge(goal(), samples)
        self.assertAlmostEqual(verdict.value, 2.0)
        self.assertTrue(verdict.holds_floor)
        self.assertFalse(verdict.reaches_goal)
        fewer_is_better = goal(better="lower", floor=3.0, goal=1.0)
        self.assertAlmostEqual(goals.judge(fewer_is_better, samples).value, 3.0)

    def test_one_who_falls_short_is_told_with_the_figure(self):
        samples = samples_of("W1", WRITE, "per_s", holdfast=[44], zookeeper=[30])
        verdict = goals.judge(goal(), samples)
        self.assertFalse(verdict.holds_floor)
        self.assertIn("1.47 ×, floor ≥ 1.50 ×", verdict.sentence())

    def test_without_a_figure_no_floor_holds(self):
        for systems, why in (({"zookeeper": [30]}, "holdfast was not measured"),
                             ({"holdfast": [90]}, "no peer was measured"),
                             ({"holdfast": [90, "lost"], "etcd": [1]}, "holdfast: lost")):
            verdict = goals.judge(goal(), samples_of("W1", WRITE, "per_s", **systems))
            self.assertFalse(verdict.holds_floor)
            self.assertIn(why, verdict.sentence())

    def test_a_peer_that_fails_leaves_the_other_as_the_bar(self):
        samples = samples_of("W1", WRITE, "per_s", holdfast=[90], zookeeper=["hung"], etcd=[30])
        self.assertAlmostEqual(goals.judge(goal(), samples).value, 3.0)

    def test_a_limit_is_a_sum_and_an_absolute_goal_has_a_unit(self):
        samples = samples_of("W1", WRITE, "p50_us", holdfast=[300.0])
        for point, value in (("sync", 100.0), ("trip", 50.0)):
            samples.add(Sample("limits", point, MACHINE, 1, {"p50_us": value}))
        by_limit = goal(figure="p50_us", better="lower", against="limit", goal=1.2,
                        limit=(("sync", 1), ("trip", 2)))
        self.assertAlmostEqual(goals.judge(by_limit, samples).value, 1.5)
        absolute = goal(figure="p50_us", better="lower", against="nothing", unit="ms", divisor=1e3,
                        floor=0.5, goal=0.3)
        self.assertIn("0.30 ms", goals.judge(absolute, samples).sentence())
        self.assertTrue(goals.judge(absolute, samples).reaches_goal)

    def test_the_highest_may_count_instead_of_the_median(self):
        samples = samples_of("W1", WRITE, "gap_ms", holdfast=[1, 2, 9], etcd=[10, 20, 30])
        longest = goal(figure="gap_ms", better="lower", of="high", floor=0.5, goal=0.2)
        self.assertAlmostEqual(goals.judge(longest, samples).value, 0.3)

    def test_a_goal_that_makes_no_sense_is_refused(self):
        for wrong in ({"better": "faster"}, {"against": "all"}, {"of": "best"}, {"goal": 1.0}):
            with self.assertRaises(ValueError):
                goal(**wrong)

    def test_every_goal_is_about_something_that_is_measured(self):
        measured = {(loop.work, loop.point) for loop in loops.LOOPS if loop.for_goals}
        measured |= {("W5", point) for point in BLOWS.values()}
        measured |= {("W6", point) for point in (memory.IDLE, memory.PER_SESSION,
                                                 memory.KEPT_ALIVE, memory.PER_WATCH)}
        measured |= {("W8", point) for point in (starts.CREATE, starts.PER_NODE, starts.RESTART)}
        measured |= {("W9", starts.COLD_START), ("BUILD", "clean build without cache")}
        figures = {figure for figure, _, _ in table.FIGURES}
        limits = {ROUND_TRIP, *(sync_point(layout, processes)
                                for layout in ("appended", "preallocated") for processes in (1, 3))}
        for one in goals.read():
            self.assertIn((one.work, one.point), measured)
            self.assertIn(one.figure, figures)
            self.assertEqual(one.against == "limit", bool(one.limit))
            for point, _ in one.limit:
                self.assertIn(point, limits)


class PageTest(unittest.TestCase):
    def setUp(self):
        self.samples = Samples()
        for number, outstanding in enumerate((1, 16, 64, 256), 1):
            point = f"write, {outstanding} outstanding, at the leader"
            for system in ("holdfast", "etcd"):
                self.samples.add(Sample("W1", point, system, 1, {
                    "per_s": 1000.0 * number, "p50_us": 10.0, "cpu_foreign": 0.5}))
        for blow in BLOWS.values():
            self.samples.add(Sample("W5", blow, "holdfast", 1, {"gap_ms": 40.0}))
            self.samples.add(Sample("W5", blow, "etcd", 1, {}, "no | recovery"))

    def test_a_table_shows_figures_marks_and_troubles(self):
        text = table.result_tables(self.samples)
        self.assertIn("| ~4,000 | ~4,000 |", text)
        self.assertIn("failed: no / recovery", text)

    def test_charts_are_drawn_of_what_was_measured(self):
        files = charts.draw(self.samples)
        self.assertEqual(set(files), {"writes.svg", "write-latency.svg", "failover.svg"})
        for svg in files.values():
            root = xml.etree.ElementTree.fromstring(svg)
            for rectangle in root.iter("{http://www.w3.org/2000/svg}rect"):
                if not rectangle.get("height").endswith("%"):
                    self.assertGreaterEqual(float(rectangle.get("height")), 0)

    def test_a_higher_value_is_drawn_higher(self):
        svg = chart.bars("t", "u", {"g": {"holdfast": Spread.of([9]), "etcd": Spread.of([3])}})
        heights = [float(one.get("height")) for one in xml.etree.ElementTree.fromstring(svg).iter(
            "{http://www.w3.org/2000/svg}rect") if one.get("height") not in ("100%", "12")]
        self.assertAlmostEqual(heights[0] / heights[1], 3.0, places=2)

    def test_everything_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            report.write(folder, self.samples, {"cores": "2"}, "./dev bench W1", ["W1"])
            page = (folder / "results.md").read_text()
            self.assertIn("./dev bench W1", page)
            self.assertIn("| write 100 B, 256 outstanding | **1.00 ×** (4,000.0 against 4,000.0 of "
                          "etcd) | ≥ 1.50 × | ≥ 3.00 × | **short of the floor** |", page)
            kept = json.loads((folder / "results.json").read_text())
            self.assertEqual(len(kept["samples"]), len(self.samples.all))


def course(replicas):
    """As G7 keeps it, of replicas whose memory is given in KiB, a sample each 10 s."""
    count = len(replicas[0])
    return {**{name: [10.0 * (place + 1) for place in range(count)]
               for name in endurance.Course.WRITES},
            "rss_anon_kib": replicas, "disk_kib": [[2048.0] * count for _ in replicas]}


def long_run(values, disk_kib=2048.0, minutes=30):
    kept = course([values])
    kept["at_s"] = [minutes * 60 * (place + 1) / len(values) for place in range(len(values))]
    return Samples([Sample("G7", endurance.point(minutes), "holdfast", 1, {
        "per_s": 1.0, "memory_growth": endurance.growth(values), "disk_kib": disk_kib,
        "course": kept})])


def overload(per_s, before=100.0, after=100.0, lease_left_ms=6_000, release_us=2.0):
    """`per_s`: {percent: figure, or a trouble}."""
    samples = Samples()
    for point, value in ((offered_load.SATURATION, before), (offered_load.AFTER, after)):
        samples.add(Sample("G2", point, "holdfast", 1, {"per_s": value}))
    for percent in offered_load.PERCENTS:
        value = per_s.get(percent, min(percent, 100.0))
        trouble = value if isinstance(value, str) else ""
        samples.add(Sample("G2", offered_load.point(percent), "holdfast", 1, {} if trouble else {
            "per_s": value, "offered_per_s": float(percent), "p50_us": 9.0, "refused_LIMIT": 2,
            "release_p50_us": release_us, "lease_left_least_ms": lease_left_ms}, trouble))
    return samples


class GrowthTest(unittest.TestCase):
    def test_the_last_third_is_compared_with_the_middle_one(self):
        self.assertAlmostEqual(endurance.growth([1, 50, 100, 100, 110, 110]), 0.10)
        self.assertAlmostEqual(endurance.growth([1, 9, 100, 90, 90, 5_000, 90, 90, 90]), 0.0)
        with self.assertRaises(Trouble):
            endurance.growth([1, 2])

    def test_memory_that_grows_and_a_disk_beyond_its_bound_do_not_hold(self):
        def held(samples):
            return [verdict.holds for verdict in growth_verdicts.judge(samples)]
        self.assertEqual(held(long_run([50, 50, 100, 100, 104, 104])), [True, True, True])
        self.assertEqual(held(long_run([50, 50, 100, 100, 106, 106])), [True, False, True])
        self.assertEqual(held(long_run([9] * 6, disk_kib=1e9)), [True, True, False])

    def test_a_short_run_says_nothing_about_memory(self):
        verdicts = growth_verdicts.judge(long_run([1, 2, 3, 4, 5, 6], minutes=2))
        self.assertEqual(len(verdicts), 2)
        self.assertTrue(all(verdict.holds for verdict in verdicts))

    def test_an_error_is_a_verdict(self):
        samples = Samples([Sample("G7", endurance.point(30), "holdfast", 1, {}, "undone")])
        self.assertIn("DOES NOT HOLD", growth_verdicts.judge(samples)[0].sentence())

    def test_overload_is_judged_by_what_is_answered_and_by_the_leases(self):
        def broken(**changes):
            samples = overload(**{"per_s": {}, **changes})
            return [verdict.what for verdict in growth_verdicts.judge(samples)
                    if not verdict.holds]
        self.assertEqual(broken(), [])
        self.assertEqual(len(broken(per_s={200: 49.0})), 1)
        self.assertEqual(len(broken(after=79.0)), 1)
        self.assertEqual(len(broken(lease_left_ms=0)), 1)
        self.assertEqual(len(broken(release_us=3.0)), 1)
        self.assertEqual(len(broken(per_s={300: "3 sessions were lost"})), 3)

    def test_a_table_has_a_row_for_each_point(self):
        samples = overload({300: "no | answer"})
        rows = growth_table.rows(samples, "G2").splitlines()
        self.assertEqual(len(rows), 2 + 2 + len(offered_load.PERCENTS))
        self.assertIn("| 10 % offered | 10 | 10 | 9 | 2 | 6,000 |", rows)
        self.assertIn("| 300 % offered | failed: no / answer |", rows)
        self.assertEqual(growth_table.refusals(samples, "G2"), "`LIMIT` 18 times")

    def test_every_column_has_a_name_and_every_work_columns(self):
        self.assertEqual(set(growth_table.COLUMNS), set(growth.WORKS))
        self.assertEqual(set(growth.RUNS), set(growth.WORKS))
        for columns in growth_table.COLUMNS.values():
            self.assertLessEqual(set(columns), set(growth_table.KNOWN))
        for lines in growth_charts.LINES:
            self.assertLessEqual(set(lines.figures.values()), set(growth_table.KNOWN))

    def test_charts_are_drawn_of_what_was_measured(self):
        samples = overload({})
        for outstanding in closed_loops.OUTSTANDING[:2]:
            samples.add(Sample("G1", closed_loops.outstanding_point(outstanding), "holdfast", 1,
                               {"per_s": 5.0}))
        for shape in members.SHAPES:
            samples.add(Sample("G3", members.point(shape, members.LOADS[0][0]), "holdfast", 1,
                               {"per_s": 5.0}))
        samples.all += long_run([1, 2, 3, 4, 5, 6]).all
        files = growth_charts.draw(samples)
        self.assertEqual(set(files), {f"growth-{name}.svg" for name in (
            "G1-outstanding", "G2-offered", "G2-offered-latency", "G2-offered-locks", "G3-1",
            "G7-memory", "G7-disk", "G7-latency")})
        for svg in files.values():
            xml.etree.ElementTree.fromstring(svg)

    def test_a_later_moment_is_drawn_further_to_the_right(self):
        svg = chart.course("t", "u", "minutes", {"a": [(1, 5), (2, 10), (4, 0)]})
        line = next(xml.etree.ElementTree.fromstring(svg).iter(
            "{http://www.w3.org/2000/svg}polyline"))
        (x1, y1), (x2, y2), (x4, y4) = [map(float, place.split(","))
                                        for place in line.get("points").split()]
        self.assertAlmostEqual(x4 - x2, 2 * (x2 - x1), places=0)
        self.assertGreater(y4, y1)
        self.assertGreater(y1, y2)

    def test_what_is_nothing_is_drawn_at_the_bottom_of_a_logarithmic_axis(self):
        svg = chart.course("t", "u", "minutes", {"a": [(1, 0), (2, 10), (3, 1_000)]}, True)
        line = next(xml.etree.ElementTree.fromstring(svg).iter(
            "{http://www.w3.org/2000/svg}polyline"))
        heights = [float(place.split(",")[1]) for place in line.get("points").split()]
        self.assertEqual(heights[0], heights[1])
        self.assertGreater(heights[1], heights[2])

    def test_neither_report_touches_the_charts_of_the_other(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            growth_report.write(folder, overload({}), {"cores": "2"}, "./dev bench G2")
            (folder / "writes.svg").touch()
            growth_report.write(folder, overload({}), {"cores": "2"}, "./dev bench G2")
            self.assertTrue((folder / "writes.svg").exists())
            report.write(folder, Samples(), {"cores": "2"}, "./dev bench W1", [])
            self.assertFalse((folder / "writes.svg").exists())
            self.assertTrue((folder / "growth-G2-offered.svg").exists())
            page = (folder / "growth.md").read_text()
            self.assertIn("Refused: `LIMIT` 20 times.", page)
            self.assertIn("| 100% | holds |", page)

    def test_growth_is_run_when_it_is_named(self):
        self.assertNotIn("G1", run.options_of([]).works)
        whole = run.options_of(["growth"])
        self.assertEqual((whole.works, whole.systems), (list(growth.WORKS), ["holdfast"]))
        self.assertTrue(whole.is_whole)
        self.assertFalse(run.options_of(["g2"]).is_whole)
        command = run.command_of(run.options_of(["G7", "--minutes", "2", "--most", "9"]))
        self.assertEqual(command, "./dev bench G7 --reps 3 --secs 5 --minutes 2 --most 9")


class ShortRun(unittest.TestCase):
    def test_a_cell_is_measured(self):
        """Everything from the command line to the JSON, with a window of a second."""
        with tempfile.TemporaryDirectory() as folder:
            kept = pathlib.Path(folder) / "samples.json"
            done = subprocess.run(
                [sys.executable, "-B", "-m", "tests.bench.run", "W4", "--only", "holdfast",
                 "--reps", "1", "--secs", "1", "--out", folder, "--json", kept],
                cwd=ROOT, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            samples = Samples.from_json(json.loads(kept.read_text())["samples"])
            spread = samples.spread("W4", HAND_OVER, "holdfast", "per_s")
            self.assertGreater(spread.median, 0)
            self.assertIn(HAND_OVER, (pathlib.Path(folder) / "results.md").read_text())

    def test_offered_load_is_measured_beside_locks_and_a_mix_is_told_line_by_line(self):
        with tempfile.TemporaryDirectory() as folder:
            cell = HoldfastCell(1, folder, observers=1)
            try:
                cell.start()
                figures = offered_load.offer(cell, 100, 1.0)
                self.assertAlmostEqual(figures["offered_per_s"], 100, delta=1)
                self.assertEqual((figures["refused"], figures["unsent"]), (0, 0))
                self.assertGreater(figures["cycles"], 0)
                self.assertGreater(figures["lease_left_least_ms"], 0)
                figures = endurance.endure(cell, 2 / 60)
                self.assertEqual(len(figures["course"]["at_s"]), endurance.SAMPLES_LEAST)
                for counted in ("lock_cycles", "sessions", "nodes", "events"):
                    self.assertGreater(figures[counted], 0)
            finally:
                cell.close()

    def test_a_generator_sees_what_must_not_be(self):
        """Two at once write the same nodes: each sees the other's doing."""
        with tempfile.TemporaryDirectory() as folder:
            cell = HoldfastCell(1, folder)
            try:
                cell.start()
                with cell.generator_running("write", "leader", outstanding=4, seconds=6) as other:
                    with self.assertRaisesRegex(Trouble, "a write is not the next of /w/k"):
                        cell.measure("write", "leader", outstanding=4, seconds=0.5)
                    with self.assertRaisesRegex(Trouble, "a write is not the next of /w/k"):
                        next_figures(other)
            finally:
                cell.close()


if __name__ == "__main__":
    unittest.main()
