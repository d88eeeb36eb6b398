#include "tests/bench/load/cpu_usage.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace holdfast::bench {
namespace {

struct Times {
  double user = 0;
  double system = 0;
};

double ticks_a_second() {
  static const auto kTicks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return kTicks;
}

// A process that is gone has used nothing.
Times times_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  constexpr int kFieldsBefore = 11;  // From the state to the major faults of children.
  for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
  Times times;
  fields >> times.user >> times.system;
  return {times.user / ticks_a_second(), times.system / ticks_a_second()};
}

Times times_of_self() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

}  // namespace

CpuUsage CpuUsage::of(const std::vector<pid_t>& servers) {
  CpuUsage usage;
  for (const pid_t pid : servers) {
    const Times times = times_of(pid);
    usage.servers.push_back(times.user + times.system);
    usage.ours_in_user_mode += times.user;
  }
  const Times own = times_of_self();
  usage.self = own.user + own.system;
  usage.ours_in_user_mode += own.user;
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0;
  double nice = 0;
  double system = 0;
  double interrupts = 0;
  double soft_interrupts = 0;
  file >> name >> user >> nice >> system >> usage.idle >> usage.waiting_for_disk >> interrupts >>
      soft_interrupts >> usage.stolen;
  usage.all_in_user_mode = (user + nice) / ticks_a_second();
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
  const double all = after.all_in_user_mode - before.all_in_user_mode;
  const double ours = after.ours_in_user_mode - before.ours_in_user_mode;
  figures.add("cpu_foreign", std::max(0.0, (all - ours) / seconds));
}

}  // namespace holdfast::bench
