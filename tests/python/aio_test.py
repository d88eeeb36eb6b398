"""The package for asyncio against a real cell."""

import asyncio
import unittest

from tests.python.package import holdfast
from tests.harness import CellTest
from tests.harness.deadline import SLOWNESS
from holdfast import aio, errors

PATIENCE_S = 40 * SLOWNESS


class AioTest(CellTest):
    def setUp(self):
        self.cell = self.start_cell()

    def run_with_session(self, body, **options):
        options.setdefault("lease", 10 * SLOWNESS)

        async def run():
            async with asyncio.timeout(PATIENCE_S):
                async with await aio.connect(self.cell.endpoints, **options) as session:
                    return await body(session)

        return asyncio.run(run())

    @staticmethod
    async def eventually(happened):
        async with asyncio.timeout(PATIENCE_S):
            while not await happened():
                await asyncio.wait([asyncio.Future()], timeout=0.02)

    async def waiters(self, session, path, count):
        async def reached():
            return (await session.lock_info(path)).waiter_count == count

        await self.eventually(reached)

    def test_data_watches_and_operators_calls(self):
        async def body(session):
            created = await session.create("/ls/local/a", b"1")
            self.assertEqual(created.path, "/a")
            self.assertEqual((await session.get("/a")).contents, b"1")
            await session.set("/a", b"2", if_generation=1)
            with self.assertRaises(errors.BadGenerationError):
                await session.set("/a", b"3", if_generation=1)
            self.assertIsNone(await session.exists("/none"))
            await session.multi([holdfast.ops.Create("/a/b"), holdfast.ops.Set("/a", b"4")])
            self.assertEqual(await session.list("/a"), ["b"])
            self.assertEqual((await session.list_with_stats("/a"))[0].stat.content_length, 0)
            await session.delete("/a/b")
            self.assertEqual([one.session_id for one in await session.list_sessions()],
                             [session.id])
            self.assertTrue((await session.status()).replica.serving)
            told = []
            async with await session.watch("/a") as watch:
                await session.watch("/a", told.append)
                for contents in (b"5", b"6"):
                    await session.set("/a", contents)
                events = [await watch.next(PATIENCE_S), await watch.next(PATIENCE_S)]
                with self.assertRaises(errors.CallTimeoutError):
                    await watch.next(0.01)
            self.assertEqual(told, events)
            self.assertEqual([event async for event in watch], [])
            return session

        session = self.run_with_session(body)
        self.assertIs(session.state, holdfast.SessionState.CLOSED)

    def test_calls_of_many_tasks_go_together(self):
        async def body(session):
            await asyncio.gather(*(session.create(f"/{n}") for n in range(200)))
            self.assertEqual(len(await session.list("/")), 200)

        self.run_with_session(body)

    def test_each_task_is_an_owner(self):
        async def body(session):
            order = []

            async def work(name):
                async with session.lock("/l"):
                    order.append(name)
                    await session.sync()
                    order.append(name)

            await asyncio.gather(*(work(name) for name in "abc"))
            self.assertEqual(order[::2], order[1::2])
            self.assertEqual(sorted(order[::2]), ["a", "b", "c"])

        self.run_with_session(body)

    def test_a_cancelled_acquire_withdraws_its_wait(self):
        async def body(session):
            held = await session.lock("/l").acquire()
            task = asyncio.create_task(session.lock("/l").acquire())
            await self.waiters(session, "/l", 1)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await self.waiters(session, "/l", 0)
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.05):
                    async with session.lock("/l", owner=holdfast.new_owner()):
                        self.fail("it is held")
            await self.waiters(session, "/l", 0)
            self.assertTrue(held.held)
            await held.release()

        self.run_with_session(body)

    def test_a_grant_that_crosses_the_cancellation_is_given_back(self):
        async def body(session):
            for _ in range(20):
                task = asyncio.create_task(session.lock("/l").acquire())
                await asyncio.wait([asyncio.Future()], timeout=0)  # It is on its way.
                await session.sync()  # By now it is granted, or all but.
                was_done = task.done()
                task.cancel()
                try:
                    lock = await task
                except asyncio.CancelledError:
                    self.assertFalse(was_done)
                else:
                    await lock.release()

            async def is_free():
                return not await session.list_locks()

            await self.eventually(is_free)

        self.run_with_session(body)

    def test_a_lock_goes_on_through_the_loss_of_the_leader(self):
        async def body(session):
            async with session.lock("/l", wait=5) as lock:
                self.cell.leader().kill()
                await session.create("/a", guard=lock)
                lock.check()
                self.assertIs(await session.check_sequencer(lock.sequencer),
                              holdfast.SequencerState.VALID)
            self.assertFalse(lock.held)

        self.run_with_session(body)

    def test_loss_cancels_the_body_where_that_is_wanted(self):
        async def body(session):
            losses = []
            with self.assertRaises(holdfast.LockLost) as lost:
                async with session.lock("/l", interrupt=True, on_lost=losses.append):
                    await session.break_lock("/l", "it hangs", "anna")
                    await asyncio.Event().wait()
            self.assertIn("anna", str(lost.exception))
            self.assertEqual(asyncio.current_task().cancelling(), 0)
            with self.assertRaises(holdfast.LockLost):
                async with session.lock("/l") as lock:
                    await session.break_lock("/l", "it hangs", "anna")

                    async def is_lost():
                        return lock.lost

                    await self.eventually(is_lost)
            self.assertEqual(losses, [lost.exception.loss])

        self.run_with_session(body)

    def test_refusals_and_cancel(self):
        async def body(session):
            lock = session.lock("/l")
            self.assertTrue(await lock.try_acquire())
            other = session.lock("/l", owner=holdfast.new_owner())
            self.assertFalse(await other.try_acquire())
            task = asyncio.create_task(other.acquire())
            await self.waiters(session, "/l", 1)
            other.cancel()
            with self.assertRaises(errors.AcquireCancelledError):
                await task
            with self.assertRaises(errors.BadArgumentError):
                await lock.acquire()
            await lock.release()
            with self.assertRaises(errors.NotHeldError):
                await lock.release()

        self.run_with_session(body)

    def test_recipes(self):
        async def body(session):
            election = session.election("/leader")

            async def lead():
                return (await election.leader()).value

            self.assertEqual(await election.run(lead, value=b"me"), b"me")
            observed = election.observe()
            self.assertIsNone(await anext(observed))
            async with election:
                await election.proclaim(b"again")
                async for leader in observed:
                    if leader is not None and leader.value:
                        break
                self.assertEqual(leader.value, b"again")
            await observed.aclose()
            changes = []
            async with await session.config("/settings", changes.append) as settings:
                self.assertIsNone(settings.value.contents)
                await session.create("/settings", b"1")
                await settings.wait_for(lambda value: value.contents == b"1")
            self.assertEqual([value.contents for value in changes], [None, b"1"])
            checker = aio.SequencerChecker(self.cell.endpoints, cell_id=session.cell_id)
            async with session.lock("/l") as lock:
                self.assertTrue(await checker.check(lock.sequencer))
            self.assertFalse(await checker.check(lock.sequencer))
            await checker.close()
            async with aio.CellClient(self.cell.endpoints) as client:
                self.assertEqual((await client.get("/settings")).contents, b"1")

        self.run_with_session(body)

    def test_a_session_that_cannot_be_opened_says_why(self):
        async def run():
            with self.assertRaises(errors.NoQuorumError):
                await aio.connect("127.0.0.1:1", timeout=0.2)
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await aio.connect("127.0.0.1:1", timeout=None)

        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()
