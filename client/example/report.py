# Once: apt-get install python3-thrift thrift-compiler
#       thrift --gen py -out . thrift/lockservice.thrift
import os, sys
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TFramedTransport
from holdfast.api import LockService
from holdfast.api.ttypes import *

host, port = sys.argv[1].split(":")
transport = TFramedTransport(TSocket(host, int(port)))
transport.open()
cell = LockService.Client(TBinaryProtocol(transport))
session = cell.open_session(OpenSessionRequest(
    header=RequestHeader(), client_name="report", host="web-3", secret=os.urandom(16))).session_id


def header(number, **more):  # A request that is repeated under its number is applied once.
    return RequestHeader(session_id=session, request_number=number, answered_below=number, **more)


grant = cell.acquire(AcquireRequest(
    header=header(1), path="/reports", create=CreateMode.PERSISTENT)).grant
cell.set_contents(SetContentsRequest(
    header=header(2, guard=grant.sequencer), path="/reports", contents=b"all is well"))
print(grant.sequencer)
cell.close_session(CloseSessionRequest(header=header(0)))  # Releases what it holds.
