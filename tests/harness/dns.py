"""A DNS server that knows what the test tells it."""

import random
import socket
import struct
import threading

from tests.harness.loopback import Host, address

A, AAAA, SRV = 1, 28, 33
TTL_S = 3600  # Long: nobody may live on what was true once.
RESPONSE, RECURSION, AUTHORITATIVE, TRUNCATED = 0x8000, 0x0180, 0x0400, 0x0200
NO_SUCH_NAME = 3
QUESTION_BEGIN = 12


def target(replica):
    """What its record names."""
    return f"r{replica.id}.example.com:{address(replica.endpoint)[1]}"


def _name(text):
    labels = [label.encode() for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _asked(question):
    """The name, the type, and where the question ends."""
    end, labels = QUESTION_BEGIN, []
    while question[end]:
        labels.append(question[end + 1:end + 1 + question[end]].decode("latin-1"))
        end += 1 + question[end]
    (kind,) = struct.unpack_from(">H", question, end + 1)
    return ".".join(labels), kind, end + 5


class DnsServer(threading.Thread):
    """Answers by UDP and TCP on a loopback address of its own; `endpoint` is for --dns-servers."""

    def __init__(self):
        super().__init__(name="dns", daemon=True)
        self.is_truncating = False  # Datagrams only say that TCP has the answer.
        self.asked_by_stream = []  # (name, type) of each question that came by TCP.
        self._records = {}
        self._mutex = threading.Lock()
        self.is_silent = False
        self._damage = None  # The dice.
        self.asked = []  # (name, type) of each question.
        self.endpoint = Host().endpoint()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(address(self.endpoint))
        self._listener = socket.create_server(address(self.endpoint))
        self._streams = threading.Thread(target=self._serve_streams, name="dns-tcp", daemon=True)
        self._streams.start()
        self.start()

    def set_addresses(self, name, addresses):
        kinds = {A: [], AAAA: []}
        for one in addresses:
            family, kind = (socket.AF_INET6, AAAA) if ":" in one else (socket.AF_INET, A)
            kinds[kind].append(socket.inet_pton(family, one))
        for kind, data in kinds.items():
            self._set(name, kind, data)

    def set_services(self, domain, services):
        """`services`: (priority, weight, target endpoint "host:port") each."""
        data = []
        for priority, weight, target in services:
            host, port = target.rsplit(":", 1)
            data.append(struct.pack(">HHH", priority, weight, int(port)) + _name(host))
        self._set(f"_holdfast._tcp.{domain}", SRV, data)

    def announce(self, domain, replicas):
        """SRV records of equal standing for these replicas."""
        for replica in replicas:
            name, _ = target(replica).rsplit(":", 1)
            self.set_addresses(name, [address(replica.endpoint)[0]])
        self.set_services(domain, [(10, 1, target(replica)) for replica in replicas])

    def _set(self, name, kind, data):
        with self._mutex:
            self._records[name, kind] = data

    def run(self):
        while True:
            try:
                question, sender = self._socket.recvfrom(4096)
            except OSError:
                return
            if not question:
                return
            if self.is_silent:
                continue
            answer = self._answer(question)
            if self.is_truncating:
                answer = self._truncated(question)
            if self._damage is not None:
                self._socket.sendto(self._damaged(answer), sender)
                answer = self._failed(question)  # If that was not taken for an answer.
            self._socket.sendto(answer, sender)

    def _serve_streams(self):
        while True:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rwb") as stream:
                while length := stream.read(2):
                    if length == b"\0\0":  # From close().
                        return
                    question = stream.read(int.from_bytes(length, "big"))
                    answer = self._answer(question)
                    self.asked_by_stream.append(_asked(question)[:2])
                    stream.write(len(answer).to_bytes(2, "big") + answer)
                    stream.flush()

    def damage(self, seed):
        """From now on a few bytes of each answer are wrong, or missing."""
        self._damage = random.Random(seed)

    def _damaged(self, answer):
        out = bytearray(answer)
        for _ in range(self._damage.randint(1, 3)):
            out[self._damage.randrange(2, len(out))] = self._damage.randrange(256)
        if self._damage.random() < 0.3:
            del out[self._damage.randrange(QUESTION_BEGIN, len(out)):]
        return bytes(out)

    @staticmethod
    def _failed(question):
        return question[:2] + struct.pack(">HHHHH", RESPONSE | NO_SUCH_NAME, 1, 0, 0, 0) \
            + question[QUESTION_BEGIN:]

    @staticmethod
    def _truncated(question):
        return question[:2] + struct.pack(">HHHHH", RESPONSE | TRUNCATED, 1, 0, 0, 0) \
            + question[QUESTION_BEGIN:]

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", address(self.endpoint))
        with socket.create_connection(address(self.endpoint)) as waker:
            waker.sendall(b"\0\0")
        self.join()
        self._streams.join()
        self._socket.close()
        self._listener.close()

    def _answer(self, question):
        name, kind, end = _asked(question)
        with self._mutex:
            self.asked.append((name, kind))
            data = self._records.get((name, kind), [])
            is_known = any(known == name for known, _ in self._records)
        flags = RESPONSE | RECURSION | AUTHORITATIVE | (0 if is_known else NO_SUCH_NAME)
        answer = question[:2] + struct.pack(">HHHHH", flags, 1, len(data), 0, 0)
        answer += question[QUESTION_BEGIN:end]
        for record in data:
            # The name is that of the question.
            answer += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, TTL_S, len(record)) + record
        return answer


class BlackHole:
    """A listener that takes no connection any more: its queue is full, and what asks to connect is
    not answered, as by a machine that is cut off."""

    def __init__(self, endpoint):
        self._listener = socket.socket()
        self._listener.bind(address(endpoint))
        self._listener.listen(0)
        self._inside = []
        while self._fits_one_more(endpoint):
            pass

    def _fits_one_more(self, endpoint):
        one = socket.socket()
        self._inside.append(one)
        one.settimeout(0.3)
        try:
            one.connect(address(endpoint))
        except TimeoutError:
            return False
        return True

    def close(self):
        for one in [*self._inside, self._listener]:
            one.close()
