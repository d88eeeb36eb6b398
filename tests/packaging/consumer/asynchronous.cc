// A program of somebody else's: an executor and coroutines of its own, and requests of which it
// names only the members that it needs.

#include <cstdio>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <holdfast/client/async.h>
#include <holdfast/client/sequencer_checker.h>

namespace asio = boost::asio;
namespace hf = holdfast::client;

namespace {

std::string complaint(const hf::Error& error) {
  return hf::to_string(error);
}

// Empty if all went well.
asio::awaitable<std::string> work(hf::SessionOptions options) {
  auto opening = hf::async_open(options, asio::use_awaitable);
  hf::Outcome<hf::Session> session = co_await std::move(opening);
  if (!session) co_return complaint(session.error());
  auto acquiring = hf::async_acquire(*session, "/jobs",
                                     {.wait = hf::Milliseconds(30'000), .owner = hf::new_owner()},
                                     asio::use_awaitable);
  hf::Outcome<hf::LockGuard> lock = co_await std::move(acquiring);
  if (!lock) co_return complaint(lock.error());
  if (!lock->held()) co_return "a lock just acquired is not held";
  auto writing = hf::async_call(
      *session, hf::Set{.path = "/jobs", .contents = "mine", .guard = lock->sequencer()},
      hf::CallOptions{}, asio::use_awaitable);
  hf::Outcome<hf::Written> written = co_await std::move(writing);
  if (!written) co_return complaint(written.error());
  hf::Multi multi;
  multi.check({.path = "/jobs"}).create({.path = "/jobs/done"});
  auto doing = hf::async_call(*session, multi, hf::CallOptions{}, asio::use_awaitable);
  hf::Outcome<hf::MultiDone> done = co_await std::move(doing);
  if (!done) co_return complaint(done.error());
  hf::SequencerChecker checker({.endpoints = options.endpoints});
  auto checking = hf::async_check(checker, lock->sequencer(), hf::SequencerCheck::kCell,
                                  hf::CallOptions{}, asio::use_awaitable);
  const hf::Verdict verdict = co_await std::move(checking);
  if (!verdict) co_return std::string(hf::reason_text(verdict.reason));
  std::puts(lock->sequencer().c_str());
  auto releasing = hf::async_release(*lock, hf::CallOptions{}, asio::use_awaitable);
  hf::Outcome<hf::Released> released = co_await std::move(releasing);
  co_return released ? "" : complaint(released.error());
}

}  // namespace

int main(int argc, char** argv) {  // asynchronous HOST:PORT…
  asio::io_context context;
  const hf::SessionOptions options{.endpoints = {argv + 1, argv + argc},
                                   .client_name = "asynchronous",
                                   .executor = hf::use_executor(context.get_executor())};
  std::string wrong = "the work has not ended";
  asio::co_spawn(context, work(options), [&wrong](std::exception_ptr thrown, std::string result) {
    wrong = thrown ? "something was thrown" : std::move(result);
  });
  context.run();
  if (!wrong.empty()) std::fprintf(stderr, "asynchronous: %s\n", wrong.c_str());
  return wrong.empty() ? 0 : 1;
}
