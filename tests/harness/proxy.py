"""A TCP proxy that can be cut, mended and made slow: the network between two processes."""

import asyncio
import threading

from tests.harness.loopback import address

CHUNK_BYTES = 1 << 16


class Network(threading.Thread):
    """The thread in which all proxies of a test run. stop() closes every connection."""

    def __init__(self):
        super().__init__(name="network", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._listeners = []
        self.start()

    def run(self):
        self._loop.run_forever()

    def link(self, listen, target):
        """A Link that accepts at the endpoint `listen` and connects to `target`."""
        link = Link(self, target)
        self._listeners.append(self.call(link.listen, listen))
        return link

    def call(self, function, *arguments):
        """Runs the coroutine function in the network's thread and returns what it returns."""
        return asyncio.run_coroutine_threadsafe(function(*arguments), self._loop).result(10.0)

    def stop(self):
        async def cancel_all():
            for listener in self._listeners:
                listener.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.call(cancel_all)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join()
        self._loop.close()


class Link:
    """One way into a process: what connects to the link's endpoint reaches its target.

    A cut link loses nothing and says nothing, as a broken cable does: connections stay, their bytes
    wait, and new connections are accepted without an answer. When it is mended the bytes go on.
    """

    def __init__(self, network, target):
        self._network = network
        self._target = target
        self._there = asyncio.Event()  # Set while bytes pass to the target.
        self._back = asyncio.Event()
        self._there.set()
        self._back.set()
        self._sides = set()  # The writers of all connections.
        self._delay_s = 0.0

    async def listen(self, endpoint):
        host, port = address(endpoint)
        return await asyncio.start_server(self._serve, host, port)

    def cut(self):
        self.let(False, False)

    def mend(self):
        self.let(True, True)

    def let(self, there, back):
        """Whether bytes pass, in each of the two directions."""
        async def change():
            for passes, event in ((there, self._there), (back, self._back)):
                (event.set if passes else event.clear)()

        self._network.call(change)

    def reset(self):
        """Breaks all connections. How many there were."""
        async def abort():
            for side in self._sides:
                side.transport.abort()
            return len(self._sides) // 2

        return self._network.call(abort)

    def delay(self, seconds):
        """Every piece of data takes so long; 0 to end that."""
        self._delay_s = seconds

    async def _serve(self, reader, writer):
        try:
            await self._there.wait()
            away_reader, away_writer = await asyncio.open_connection(*address(self._target))
        except OSError:
            writer.transport.abort()  # Nobody listens there: neither does the link.
            return
        pumps = [asyncio.create_task(self._pump(reader, away_writer, self._there)),
                 asyncio.create_task(self._pump(away_reader, writer, self._back))]
        sides = {writer, away_writer}
        self._sides |= sides
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._sides -= sides
            for side in sides:
                side.transport.abort()

    async def _pump(self, reader, writer, passes):
        """Carries one direction, while it passes, until that side closes."""
        try:
            while data := await reader.read(CHUNK_BYTES):
                await passes.wait()
                if self._delay_s > 0:
                    await asyncio.sleep(self._delay_s)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # A reset ends the direction like an end of data.
