"""Reads the golden messages with Thrift's own Python library, in both protocols.

Usage: golden_test.py THRIFT_COMPILER, from the root of the repository.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.transport.TTransport import TMemoryBuffer

PROTOCOLS = {"binary": TBinaryProtocol, "compact": TCompactProtocol}
WIRE = pathlib.Path("tests/testdata/wire")


def read(name, protocol, body):
    """The head and the body of a golden message."""
    hex_text = (WIRE / f"{name}.{protocol}.hex").read_text()
    reader = PROTOCOLS[protocol](TMemoryBuffer(bytes.fromhex(hex_text)))
    head = reader.readMessageBegin()
    body.read(reader)
    return head, body


class GoldenTest(unittest.TestCase):
    def test_an_acquire_call_has_what_was_asked(self):
        for protocol in PROTOCOLS:
            head, args = read("acquire_call", protocol, LockService.acquire_args())
            self.assertEqual(head, ("acquire", 1, -2))
            request = args.request
            self.assertEqual(request.header.request_number, 12)
            self.assertEqual(request.path, "/reports/nightly")
            self.assertEqual(request.mode, LockMode.SHARED)
            self.assertEqual(request.owner, -1)
            self.assertEqual(request.create, CreateMode.UNTIL_FREE)

    def test_a_granted_lock_has_its_sequencer(self):
        for protocol in PROTOCOLS:
            _, result = read("acquire_granted_reply", protocol, LockService.acquire_result())
            self.assertEqual(result.success.outcome, AcquireOutcome.GRANTED)
            self.assertTrue(result.success.grant.sequencer.startswith("1:x:"))
            self.assertEqual(result.success.header.lease_ms, 12000)

    def test_a_refusal_names_the_holders(self):
        for protocol in PROTOCOLS:
            _, result = read("acquire_refused_reply", protocol, LockService.acquire_result())
            self.assertEqual(result.error.code, ErrorCode.LOCK_HELD)
            self.assertEqual(len(result.error.holders), 2)
            self.assertEqual(result.error.holders[0].description, "nightly run, Grüße")

    def test_events_come_with_their_facts(self):
        for protocol in PROTOCOLS:
            _, result = read("keep_alive_reply", protocol, LockService.keep_alive_result())
            kinds = [event.kind for event in result.success.events]
            self.assertEqual(kinds, [EventKind.CONTENTS_CHANGED, EventKind.LOCK_LOST])
            self.assertEqual(result.success.delivered_through.index, 1)

    def test_binary_fields_stay_bytes(self):
        for protocol in PROTOCOLS:
            _, args = read("multi_call", protocol, LockService.multi_args())
            self.assertEqual(args.request.ops[0].create.contents, b"\x00\xff")
            self.assertEqual(args.request.ops[1].set_contents.if_content_generation, 6)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.argv[1], "--gen", "py", "-out", folder, "thrift/lockservice.thrift"], check=True)
        sys.path.insert(0, folder)
        from holdfast.api import LockService
        from holdfast.api.ttypes import (AcquireOutcome, CreateMode, ErrorCode, EventKind,
                                         LockMode)
        unittest.main(argv=sys.argv[:1])
