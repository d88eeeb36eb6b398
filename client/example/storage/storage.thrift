// A server that keeps files for holders of locks. Each file is in a volume, and a volume is named
// by the path of the lock that guards it. Who holds the lock alone may write there, who holds it in
// any mode may read. Each request carries the sequencer by which the server sees that.

namespace cpp holdfast.example.storage
namespace py holdfast_storage

enum RefusalCode {
  STALE = 1          // The sequencer was overtaken, or its acquisition has ended. For good.
  UNKNOWN = 2        // It could not be seen whether the sequencer is valid. Nothing was done.
  WRONG_LOCK = 3     // The sequencer is of another lock than the volume's.
  NOT_EXCLUSIVE = 4  // Only who holds the lock alone may write.
  NO_FILE = 5
  BAD_NAME = 6       // A file, or a part of a volume's path: 1 to 200 bytes, no control character.
  TOO_LARGE = 7
  FAILED = 8         // The disk. A put that failed has changed nothing, or everything.
}

exception Refused {
  1: RefusalCode code
  2: string message   // Why, for people.
  3: bool retryable   // The same request may succeed later, with nothing else done.
}

struct PutRequest {
  1: string sequencer
  2: string volume
  3: string file
  4: binary contents  // All of it. A put that is repeated does no harm.
}

struct GetRequest {
  1: string sequencer
  2: string volume
  3: string file
}

struct RemoveRequest {
  1: string sequencer
  2: string volume
  3: string file
}

service Storage {
  void put(1: PutRequest request) throws (1: Refused refused)  // Answered when it is on the disk.
  binary get(1: GetRequest request) throws (1: Refused refused)
  void remove(1: RemoveRequest request) throws (1: Refused refused)
}
