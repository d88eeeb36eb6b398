#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/recipes/async.h"

// A client that does what lines at its input say, for tests of the recipes: each line a command and
// its words, "-" for an empty one. Line n is answered with lines that begin with n, whenever they
// are there; its objects live under that number until the program ends.
//
// Usage: holdfast_recipe_agent ENDPOINT,… NAME LEASE_MS

namespace {

namespace hf = holdfast::client;
using Words = std::vector<std::string>;

// The lines that it prints, of all threads.
class Lines {
 public:
  void say(int number, const std::string& text) {
    const std::lock_guard lock(mutex_);
    std::printf("%d %s\n", number, text.c_str());
    std::fflush(stdout);
  }
  void refuse(int number, const hf::Error& error) {
    say(number, "error " + std::string(hf::error_name(error.code)));
  }

 private:
  std::mutex mutex_;
};

template <typename Value>
std::string number_of(Value value) {
  return std::to_string(value.value);
}

std::string text_of(const std::optional<hf::Leader>& leader) {
  if (!leader) return "nobody";
  return "leader " + leader->party.client_name + " " + leader->value.value_or("-") + " " +
         number_of(leader->generation);
}

std::string text_of(const hf::ConfigValue& value) {
  return (value.contents ? "value " + *value.contents : "absent") + " " + number_of(value.zxid);
}

std::string text_of(const hf::Members& members) {
  std::string text = "members";
  for (const hf::Member& member : members.members) {
    text += " " + member.name + "=" + member.contents;
  }
  return text;
}

class Agent {
 public:
  Agent(hf::Session session, Lines& lines) : lines_(lines), session_(std::move(session)) {}

  void run(int number, const Words& words);

 private:
  using Command = void (Agent::*)(int number, const Words& words);

  void campaign(int number, const Words& words);
  void proclaim(int number, const Words& words);
  void resign(int number, const Words& words);
  void leader(int number, const Words& words);
  void observe(int number, const Words& words);
  void config(int number, const Words& words);
  void current(int number, const Words& words);
  void join(int number, const Words& words);
  void update(int number, const Words& words);
  void part(int number, const Words& words);
  void members(int number, const Words& words);
  void group(int number, const Words& words);
  void semaphore(int number, const Words& words);
  void permit(int number, const Words& words);
  void cancel(int number, const Words& words);
  void held(int number, const Words& words);
  void release(int number, const Words& words);
  void raise(int number, const Words& words);
  void lift(int number, const Words& words);
  void wait(int number, const Words& words);
  void twice(int number, const Words& words);
  void enter(int number, const Words& words);
  void leave(int number, const Words& words);

  template <typename T>
  std::function<void(hf::Outcome<T>)> saying(int number, std::string text) {
    return [this, number, text = std::move(text)](const hf::Outcome<T>& outcome) {
      if (!outcome) return lines_.refuse(number, outcome.error());
      lines_.say(number, text);
    };
  }
  // Keeps what has been made, or says why it was not.
  template <typename T>
  std::function<void(hf::Outcome<T>)> keeping(std::map<int, T>& kept, int number,
                                              std::function<std::string(T&)> describe) {
    return [this, &kept, number, describe = std::move(describe)](hf::Outcome<T> made) {
      if (!made) return lines_.refuse(number, made.error());
      std::string text;
      {
        const std::lock_guard lock(mutex_);
        T& value = kept[number] = std::move(made).value();
        text = describe(value);
      }
      if (!text.empty()) lines_.say(number, text);
    };
  }
  template <typename T>
  T& of(std::map<int, T>& kept, const std::string& number) {
    const std::lock_guard lock(mutex_);
    return kept.at(std::stoi(number));
  }

  Lines& lines_;
  std::mutex mutex_;  // For the maps, not for what is in them.
  std::map<int, hf::LockGuard> leaderships_;
  std::map<int, std::shared_ptr<hf::Election>> elections_;
  std::map<int, hf::Election::Observation> observations_;
  std::map<int, hf::ConfigWatch> configs_;
  std::map<int, hf::Membership> memberships_;
  std::map<int, hf::Followed<hf::Members>> groups_;
  std::map<int, hf::Semaphore> semaphores_;
  std::map<int, hf::Permit> permits_;
  std::map<int, std::stop_source> stops_;
  std::map<int, hf::DoubleBarrier> barriers_;
  hf::Session session_;  // Ends first, and with it what may yet be kept.
};

std::optional<hf::Milliseconds> time_of(const std::string& word) {
  if (word.empty()) return std::nullopt;
  return hf::Milliseconds(std::stoll(word));
}

void Agent::run(int number, const Words& words) {
  static const std::map<std::string, Command, std::less<>> commands = {
      {"campaign", &Agent::campaign},   {"proclaim", &Agent::proclaim}, {"resign", &Agent::resign},
      {"leader", &Agent::leader},       {"observe", &Agent::observe},   {"config", &Agent::config},
      {"current", &Agent::current},     {"join", &Agent::join},         {"update", &Agent::update},
      {"part", &Agent::part},           {"members", &Agent::members},   {"group", &Agent::group},
      {"semaphore", &Agent::semaphore}, {"permit", &Agent::permit},     {"cancel", &Agent::cancel},
      {"held", &Agent::held},           {"release", &Agent::release},   {"raise", &Agent::raise},
      {"lift", &Agent::lift},           {"wait", &Agent::wait},         {"double", &Agent::twice},
      {"enter", &Agent::enter},         {"leave", &Agent::leave}};
  const auto command = commands.find(words.at(0));
  if (command == commands.end()) return lines_.say(number, "unknown");
  (this->*command->second)(number, words);
}

// ---- elections ----------------------------------------------------------------------------------

// campaign PATH VALUE WAIT_MS
void Agent::campaign(int number, const Words& words) {
  const auto election = std::make_shared<hf::Election>(session_, words.at(1));
  {
    const std::lock_guard lock(mutex_);
    elections_[number] = election;
  }
  hf::CampaignOptions options{.value = words.at(2), .wait = time_of(words.at(3))};
  options.on_waiting = [this, number](std::size_t ahead) {
    lines_.say(number, "waiting " + std::to_string(ahead));
  };
  async_campaign(*election, std::move(options),
                 keeping<hf::LockGuard>(leaderships_, number, [this, number](hf::LockGuard& guard) {
                   guard.on_lost([this, number](const hf::Loss&) { lines_.say(number, "lost"); });
                   return "elected " + number_of(guard.generation()) + " " + guard.sequencer();
                 }));
}

// proclaim CAMPAIGN VALUE
void Agent::proclaim(int number, const Words& words) {
  async_proclaim(*of(elections_, words.at(1)), of(leaderships_, words.at(1)), words.at(2), {},
                 saying<hf::Written>(number, "proclaimed"));
}

// resign CAMPAIGN
void Agent::resign(int number, const Words& words) {
  async_resign(*of(elections_, words.at(1)), of(leaderships_, words.at(1)), {},
               saying<hf::Released>(number, "resigned"));
}

// leader PATH
void Agent::leader(int number, const Words& words) {
  hf::Election election(session_, words.at(1));
  async_leader(election, {}, [this, number](hf::Outcome<std::optional<hf::Leader>> leader) {
    if (!leader) return lines_.refuse(number, leader.error());
    lines_.say(number, text_of(*leader));
  });
}

// observe PATH
void Agent::observe(int number, const Words& words) {
  hf::Election election(session_, words.at(1));
  async_observe(
      election,
      [this, number](const std::optional<hf::Leader>& leader) {
        lines_.say(number, text_of(leader));
      },
      keeping<hf::Election::Observation>(observations_, number, [](auto&) { return ""; }));
}

// ---- values and members -------------------------------------------------------------------------

// config PATH
void Agent::config(int number, const Words& words) {
  async_open_config(
      session_, words.at(1),
      [this, number](const hf::ConfigValue& value) { lines_.say(number, text_of(value)); },
      keeping<hf::ConfigWatch>(configs_, number, [](auto&) { return ""; }));
}

// current CONFIG
void Agent::current(int number, const Words& words) {
  const hf::ConfigWatch& config = of(configs_, words.at(1));
  const std::string state = config.ended() ? "ended" : config.is_current() ? "current" : "stale";
  lines_.say(number, state + " " + text_of(config.value()));
}

// join PATH NAME CONTENTS, or NAME- to have it numbered
void Agent::join(int number, const Words& words) {
  hf::Group group(session_, words.at(1));
  async_join(group,
             {.name = words.at(2), .contents = words.at(3), .numbered = words.at(2).ends_with('-')},
             keeping<hf::Membership>(memberships_, number, [this, number](hf::Membership& me) {
               me.on_gone([this, number] { lines_.say(number, "gone"); });
               return "joined " + me.name();
             }));
}

// update MEMBER CONTENTS
void Agent::update(int number, const Words& words) {
  of(memberships_, words.at(1)).update(words.at(2), {}, saying<hf::Written>(number, "updated"));
}

// part MEMBER
void Agent::part(int number, const Words& words) {
  async_leave(of(memberships_, words.at(1)), {}, saying<hf::Removed>(number, "parted"));
}

// members PATH
void Agent::members(int number, const Words& words) {
  hf::Group group(session_, words.at(1));
  async_members(group, {}, [this, number](hf::Outcome<hf::Members> members) {
    if (!members) return lines_.refuse(number, members.error());
    lines_.say(number, text_of(*members));
  });
}

// group PATH
void Agent::group(int number, const Words& words) {
  hf::Group group(session_, words.at(1));
  group.watch([this, number](const hf::Members& members) { lines_.say(number, text_of(members)); },
              keeping<hf::Followed<hf::Members>>(groups_, number, [](auto&) { return ""; }));
}

// ---- semaphores ---------------------------------------------------------------------------------

// semaphore PATH PERMITS
void Agent::semaphore(int number, const Words& words) {
  hf::Semaphore::open(session_, words.at(1), std::stoul(words.at(2)),
                      keeping<hf::Semaphore>(semaphores_, number, [](auto&) { return "open"; }));
}

// permit SEMAPHORE WAIT_MS
void Agent::permit(int number, const Words& words) {
  std::stop_source stop;
  {
    const std::lock_guard lock(mutex_);
    stops_.emplace(number, stop);
  }
  async_acquire(of(semaphores_, words.at(1)),
                {.wait = time_of(words.at(2)), .description = "agent", .stop = stop.get_token()},
                keeping<hf::Permit>(permits_, number, [this, number](hf::Permit& permit) {
                  permit.on_lost([this, number](const hf::Loss&) { lines_.say(number, "lost"); });
                  return "permit " + permit.sequencer();
                }));
}

// cancel PERMIT
void Agent::cancel(int number, const Words& words) {
  of(stops_, words.at(1)).request_stop();
  lines_.say(number, "asked");
}

// held PERMIT
void Agent::held(int number, const Words& words) {
  lines_.say(number, of(permits_, words.at(1)).held() ? "held" : "not-held");
}

// release PERMIT
void Agent::release(int number, const Words& words) {
  async_release(of(permits_, words.at(1)), {}, saying<hf::Released>(number, "released"));
}

// ---- barriers -----------------------------------------------------------------------------------

// raise PATH
void Agent::raise(int number, const Words& words) {
  hf::Barrier(session_, words.at(1)).raise({}, saying<hf::BarrierMoved>(number, "raised"));
}

// lift PATH
void Agent::lift(int number, const Words& words) {
  hf::Barrier(session_, words.at(1)).lift({}, saying<hf::BarrierMoved>(number, "lifted"));
}

// wait PATH WAIT_MS
void Agent::wait(int number, const Words& words) {
  hf::Barrier barrier(session_, words.at(1));
  async_wait(barrier, {.timeout = time_of(words.at(2))},
             saying<hf::BarrierMoved>(number, "passed"));
}

// double PATH PARTICIPANTS
void Agent::twice(int number, const Words& words) {
  hf::DoubleBarrier::open(
      session_, words.at(1), std::stoul(words.at(2)),
      keeping<hf::DoubleBarrier>(barriers_, number, [](auto&) { return "open"; }));
}

// enter BARRIER WAIT_MS
void Agent::enter(int number, const Words& words) {
  async_enter(of(barriers_, words.at(1)), {.wait = time_of(words.at(2))},
              [this, number](hf::Outcome<hf::BarrierMoved> entered) {
                if (!entered) return lines_.refuse(number, entered.error());
                lines_.say(number, "entered " + number_of(entered->zxid));
              });
}

// leave BARRIER WAIT_MS
void Agent::leave(int number, const Words& words) {
  async_leave(of(barriers_, words.at(1)), {.timeout = time_of(words.at(2))},
              saying<hf::BarrierMoved>(number, "left"));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) {
    parts.push_back(part == "-" ? "" : part);
  }
  return parts;
}

int serve(const Words& arguments) {
  Lines lines;
  auto session = hf::Session::open({.endpoints = split(arguments.at(1), ','),
                                    .lease = hf::Milliseconds(std::stoll(arguments.at(3))),
                                    .client_name = arguments.at(2)});
  if (!session) {
    lines.refuse(0, session.error());
    return 1;
  }
  Agent agent(std::move(session).value(), lines);
  lines.say(0, "ready");
  std::string line;
  for (int number = 1; std::getline(std::cin, line); ++number) {
    agent.run(number, split(line, ' '));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return serve(Words(argv, argv + argc));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "recipe agent: %s\n", failure.what());
    return 1;
  }
}
