#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/limits/limits.h"

namespace holdfast::bench {
namespace {

constexpr std::size_t kWriteBytes = 200;
constexpr std::size_t kFileBytes = 64 << 20;
constexpr std::size_t kSyncsMax = 1 << 20;

// What a child has measured, in memory that it shares with its parent.
struct Measured {
  std::size_t count;
  std::array<Nanoseconds, kSyncsMax> took;
};

void check(bool holds, const char* what) {
  if (!holds) give_up(std::string(what) + ": " + std::strerror(errno));
}

int open_file(const SyncPlan& plan, int number) {
  const std::string path = plan.folder + "/limit" + std::to_string(number);
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0644);
  check(file >= 0, path.c_str());
  unlink(path.c_str());
  if (plan.is_preallocated) {
    const std::vector<char> zeros(1 << 20);
    for (std::size_t at = 0; at < kFileBytes; at += zeros.size()) {
      const ssize_t written = pwrite(file, zeros.data(), zeros.size(), static_cast<off_t>(at));
      check(written == static_cast<ssize_t>(zeros.size()), "pwrite");
    }
  }
  check(fsync(file) == 0, "fsync");
  return file;
}

void write_and_sync(int file, Nanoseconds end, Measured& measured) {
  std::array<char, kWriteBytes> bytes;
  bytes.fill('x');
  std::size_t at = 0;
  for (Nanoseconds begun_at = now_ns(); begun_at < end && measured.count < kSyncsMax;) {
    const ssize_t written = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    check(written == static_cast<ssize_t>(bytes.size()), "pwrite");
    check(fdatasync(file) == 0, "fdatasync");
    const Nanoseconds now = now_ns();
    measured.took[measured.count++] = now - begun_at;
    begun_at = now;
    at = (at + kWriteBytes) % (kFileBytes - kWriteBytes);
  }
}

Measured* shared_memory() {
  void* memory = mmap(nullptr, sizeof(Measured), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  check(memory != MAP_FAILED, "mmap");
  return static_cast<Measured*>(memory);
}

}  // namespace

Latencies measure_sync(const SyncPlan& plan, Nanoseconds time) {
  std::vector<int> files;
  files.reserve(static_cast<std::size_t>(plan.processes));
  for (int number = 0; number < plan.processes; ++number) files.push_back(open_file(plan, number));
  std::vector<Measured*> measured;
  std::vector<pid_t> children;
  const Nanoseconds end = now_ns() + time;
  for (const int file : files) {
    measured.push_back(shared_memory());
    const pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
      write_and_sync(file, end, *measured.back());
      _exit(0);
    }
    children.push_back(child);
  }
  Latencies all;
  for (std::size_t i = 0; i < children.size(); ++i) {
    int status = 0;
    waitpid(children[i], &status, 0);
    if (status != 0) give_up("a process that wrote has failed");
    for (std::size_t j = 0; j < measured[i]->count; ++j) all.add(measured[i]->took[j]);
    munmap(measured[i], sizeof(Measured));
    close(files[i]);
  }
  return all;
}

}  // namespace holdfast::bench
