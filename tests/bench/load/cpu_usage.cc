#include "tests/bench/load/cpu_usage.h"

#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace holdfast::bench {
namespace {

double ticks_a_second() {
  static const auto kTicks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return kTicks;
}

// A process that is gone has used nothing.
double time_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  constexpr int kFieldsBefore = 11;  // From the state to the major faults of children.
  for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / ticks_a_second();
}

double time_of_self() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

CpuUsage CpuUsage::of(const std::vector<pid_t>& servers) {
  CpuUsage usage;
  for (const pid_t pid : servers) {
    usage.servers.push_back(time_of(pid));
  }
  usage.self = time_of_self();
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0;
  double nice = 0;
  double system = 0;
  double interrupts = 0;
  double soft_interrupts = 0;
  file >> name >> user >> nice >> system >> usage.idle >> usage.waiting_for_disk >> interrupts >>
      soft_interrupts >> usage.stolen;
  usage.idle /= ticks_a_second();
  usage.waiting_for_disk /= ticks_a_second();
  usage.stolen /= ticks_a_second();
  return usage;
}

void add_cpu(Figures& figures, const CpuUsage& before, const CpuUsage& after, double seconds) {
  std::vector<double> servers;
  for (std::size_t i = 0; i < before.servers.size(); ++i) {
    servers.push_back((after.servers[i] - before.servers[i]) / seconds);
  }
  figures.add("cpu_servers", servers);
  figures.add("cpu_client", (after.self - before.self) / seconds);
  figures.add("cpu_idle", (after.idle - before.idle) / seconds);
  figures.add("cpu_iowait", (after.waiting_for_disk - before.waiting_for_disk) / seconds);
  figures.add("cpu_steal", (after.stolen - before.stolen) / seconds);
}

}  // namespace holdfast::bench
