// What a machine may do to a replica and a test cannot do from outside: a disk that fails or is
// slow, and a wall clock that jumps. Loaded with LD_PRELOAD; told by a file in memory, whose name
// is in HOLDFAST_SHIM. Monotonic clocks stay as they are.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// As Shim in machine.py has it.
struct control {
  _Atomic int64_t fail_syncs;      // fsync and fdatasync fail with EIO.
  _Atomic int64_t fail_writes;     // So do writes to files.
  _Atomic int64_t sync_delay_us;   // Each sync takes so much longer.
  _Atomic int64_t wall_offset_ns;  // Added to the wall clock.
  _Atomic int64_t failed;          // Calls that were made to fail.
  _Atomic int64_t delayed;         // Syncs that were made late.
  _Atomic int64_t wall_reads;      // Readings of the wall clock while it was wrong.
};

static struct control unused;
static struct control* control = &unused;

__attribute__((constructor)) static void begin(void) {
  const char* name = getenv("HOLDFAST_SHIM");
  if (name == NULL) return;
  const int fd = open(name, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  void* memory = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) abort();
  close(fd);
  control = memory;
}

#define NEXT(name)                                                         \
  ({                                                                       \
    static __typeof__(&name) found;                                        \
    if (found == NULL) found = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    found;                                                                 \
  })

// A file of the replica's; not its log, which is its standard error.
static int is_data(int fd) {
  struct stat about;
  return fd > 2 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

static int fails(_Atomic int64_t* wanted, int fd) {
  if (*wanted == 0 || !is_data(fd)) return 0;
  ++control->failed;
  errno = EIO;
  return 1;
}

static void delay(void) {
  const int64_t wait_us = control->sync_delay_us;
  if (wait_us == 0) return;
  ++control->delayed;
  const struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
}

int fdatasync(int fd) {
  delay();
  return fails(&control->fail_syncs, fd) ? -1 : NEXT(fdatasync)(fd);
}

int fsync(int fd) {
  delay();
  return fails(&control->fail_syncs, fd) ? -1 : NEXT(fsync)(fd);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  return fails(&control->fail_writes, fd) ? -1 : NEXT(write)(fd, bytes, size);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return fails(&control->fail_writes, fd) ? -1 : NEXT(pwrite)(fd, bytes, size, offset);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  const int result = NEXT(clock_gettime)(clock, time);
  const int64_t offset_ns = control->wall_offset_ns;
  if (result != 0 || offset_ns == 0) return result;
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return result;
  ++control->wall_reads;
  const int64_t ns = (int64_t)time->tv_sec * 1000000000 + time->tv_nsec + offset_ns;
  time->tv_sec = ns / 1000000000;
  time->tv_nsec = ns % 1000000000;
  return 0;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  (void)zone;
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  time->tv_sec = exact.tv_sec;
  time->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (out != NULL) *out = exact.tv_sec;
  return exact.tv_sec;
}
