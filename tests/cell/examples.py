"""The programs of docs/examples.md, for their tests: the storage server, and its calls by the
stock Thrift library."""

import atexit
import shutil
import socket
import subprocess
import sys
import tempfile

from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TFramedTransport

from tests.harness.deadline import SLOWNESS, eventually
from tests.harness.loopback import address
from tests.harness.process import Process
from tests.harness.programs import ROOT, program

FOLDER = tempfile.mkdtemp(prefix="holdfast-storage-api-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
subprocess.run(["thrift", "--gen", "py", "-out", FOLDER,
                ROOT / "client/example/storage/storage.thrift"], check=True)
sys.path.insert(0, FOLDER)

from holdfast_storage import Storage as service  # noqa: E402
from holdfast_storage import ttypes  # noqa: E402


class StorageServer:
    """A process of the storage server with its folder of data below `folder`."""

    def __init__(self, folder, endpoint, *flags):
        self.data = folder / "storage"
        self.endpoint = endpoint
        self._log = folder / "storage.log"
        self._flags = flags
        self.process = None
        self.start()

    def start(self):
        """Answers when it serves."""
        size = self._log.stat().st_size if self._log.exists() else 0
        self.process = Process(
            [program("holdfast_example_storage_server"), "--data", self.data, "--listen",
             self.endpoint, *self._flags], self._log)
        eventually("the storage server serves",
                   lambda: b"serves" in self._log.read_bytes()[size:]
                   or not self.process.is_running())
        assert self.process.is_running(), self._log.read_text()

    def restart(self):
        """As after kill -9."""
        self.process.kill()
        self.start()

    def has_seen(self, sequencer):
        """Its generation is kept: the check has accepted it."""
        return sequencer.split(":")[2] in (self.data / "marks").read_text()

    # ---- its calls -------------------------------------------------------------------------------

    def put(self, sequencer, contents, volume=None, file="f"):
        """"written", or the name of the refusal and its reason."""
        return self._call("put", ttypes.PutRequest(
            sequencer, _volume(sequencer, volume), file, contents)) or "written"

    def get(self, sequencer, volume=None, file="f"):
        return self._call("get", ttypes.GetRequest(sequencer, _volume(sequencer, volume), file))

    def remove(self, sequencer, volume=None, file="f"):
        return self._call("remove", ttypes.RemoveRequest(
            sequencer, _volume(sequencer, volume), file)) or "removed"

    def _call(self, method, request):
        host, port = address(self.endpoint)
        connection = TSocket(host, port, socket_family=socket.AF_INET)
        connection.setTimeout(30_000 * SLOWNESS)
        transport = TFramedTransport(connection)
        transport.open()
        try:
            return getattr(
                service.Client(TBinaryProtocolAccelerated(transport)), method)(request)
        except ttypes.Refused as refused:
            name = ttypes.RefusalCode._VALUES_TO_NAMES[refused.code]
            return f"{name}: {refused.message}" + (" (may be tried again)" * refused.retryable)
        finally:
            transport.close()


def _volume(sequencer, volume):
    return sequencer.split(":", 6)[6] if volume is None else volume
