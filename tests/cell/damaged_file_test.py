"""A replica whose files are damaged refuses to start, names the file and the way out."""

from tests.cell.audit import audit_writes
from tests.harness import CellTest, Writer, eventually


def damage(path):
    """Changes a byte in the middle of the file."""
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 0x55
    path.write_bytes(bytes(contents))


def largest(folder, pattern):
    """The file with the most bytes."""
    return max(folder.glob(pattern), key=lambda path: path.stat().st_size)


class DamagedFile(CellTest):
    def setUp(self):
        self.cell = self.start_cell()
        self.writer = Writer(self.cell.endpoints, "writer")
        self.addCleanup(self.writer.abandon)
        self.writer.start()
        eventually("1,000 writes are acknowledged", lambda: self.writer.count() >= 1000)
        self.hurt = self.cell.followers()[0]
        self.assertEqual(self.hurt.terminate(), 0)

    def refuses(self, name):
        """It ends by itself, and its last words have the file and what to do."""
        offset = self.hurt.log_size()
        self.hurt.start()
        self.assertNotEqual(self.hurt.wait_for_exit(), 0)
        words = self.hurt.log_text(offset)
        self.assertIn(name, words)
        self.assertIn("--rejoin", words)

    def test_a_damaged_log_is_refused(self):
        path = largest(self.hurt.data, "log/*.l*")
        damage(path)
        self.refuses(str(self.hurt.data / "log"))

    def test_a_damaged_image_is_refused(self):
        damage(largest(self.hurt.data, "image-*/MANIFEST-*"))
        self.refuses(str(self.hurt.data / "image-"))

    def test_what_the_image_lost_at_its_end_is_made_good_from_the_log(self):
        damage(largest(self.hurt.data, "image-*/*.log"))  # It is written without syncs.
        self.hurt.start()
        self.cell.wait_until_serving()
        self.writer.stop()
        audit_writes(self, self.cell, [self.writer])

    def test_a_damaged_identity_is_refused(self):
        path = self.hurt.data / "IDENTITY"
        damage(path)
        self.refuses(str(path))

    def test_the_way_out_that_is_told_works(self):
        damage(largest(self.hurt.data, "log/*.l*"))
        self.refuses(str(self.hurt.data / "log"))
        self.hurt.wipe()
        self.hurt.init()
        self.hurt.start("--rejoin")
        self.cell.wait_until_serving()
        self.writer.stop()
        audit_writes(self, self.cell, [self.writer])
