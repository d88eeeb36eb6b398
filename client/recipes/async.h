#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "client/async.h"
#include "client/recipes/barrier.h"
#include "client/recipes/config_watch.h"
#include "client/recipes/election.h"
#include "client/recipes/group.h"
#include "client/recipes/semaphore.h"

// The asynchronous form of the recipes' calls, for every completion token of Boost.Asio; see
// client/async.h. What is given by reference must live until the call has been started.

namespace holdfast::client {

template <typename Token>
auto async_campaign(Election& election, CampaignOptions options, Token&& token) {
  return detail::initiate<Outcome<LockGuard>>(
      [&election, options = std::move(options)](auto done) mutable {
        election.campaign(std::move(options), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_proclaim(Election& election, const LockGuard& leadership, std::string value,
                    const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<Written>>(
      [&election, &leadership, value = std::move(value), options](auto done) mutable {
        election.proclaim(leadership, std::move(value), options, std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_resign(Election& election, LockGuard& leadership, const CallOptions& options,
                  Token&& token) {
  return detail::initiate<Outcome<Released>>(
      [&election, &leadership, options](auto done) {
        election.resign(leadership, options, std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_leader(Election& election, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<std::optional<Leader>>>(
      [&election, options](auto done) { election.leader(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_observe(Election& election, std::function<void(const std::optional<Leader>&)> on_change,
                   Token&& token) {
  return detail::initiate<Outcome<Election::Observation>>(
      [&election, on_change = std::move(on_change)](auto done) mutable {
        election.observe(std::move(on_change), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_open_config(Session& session, std::string path,
                       std::function<void(const ConfigValue&)> on_change, Token&& token) {
  return detail::initiate<Outcome<ConfigWatch>>(
      [&session, path = std::move(path), on_change = std::move(on_change)](auto done) mutable {
        ConfigWatch::open(session, std::move(path), std::move(on_change), std::move(done));
      },
      std::forward<Token>(token));
}

// The next state of a ConfigWatch, an observation or a group that is watched.
template <typename T, typename Token>
auto async_next(Followed<T>& followed, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<T>>(
      [&followed, options](auto done) { followed.next(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_join(Group& group, JoinOptions options, Token&& token) {
  return detail::initiate<Outcome<Membership>>(
      [&group, options = std::move(options)](auto done) mutable {
        group.join(std::move(options), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_leave(Membership& membership, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<Removed>>(
      [&membership, options](auto done) { membership.leave(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_members(Group& group, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<Members>>(
      [&group, options](auto done) { group.members(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_acquire(Semaphore& semaphore, PermitOptions options, Token&& token) {
  return detail::initiate<Outcome<Permit>>(
      [&semaphore, options = std::move(options)](auto done) mutable {
        semaphore.acquire(std::move(options), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_release(Permit& permit, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<Released>>(
      [&permit, options](auto done) { permit.release(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_wait(Barrier& barrier, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<BarrierMoved>>(
      [&barrier, options](auto done) { barrier.wait(options, std::move(done)); },
      std::forward<Token>(token));
}

template <typename Token>
auto async_enter(DoubleBarrier& barrier, EnterOptions options, Token&& token) {
  return detail::initiate<Outcome<BarrierMoved>>(
      [&barrier, options = std::move(options)](auto done) mutable {
        barrier.enter(std::move(options), std::move(done));
      },
      std::forward<Token>(token));
}

template <typename Token>
auto async_leave(DoubleBarrier& barrier, const CallOptions& options, Token&& token) {
  return detail::initiate<Outcome<BarrierMoved>>(
      [&barrier, options](auto done) { barrier.leave(options, std::move(done)); },
      std::forward<Token>(token));
}

}  // namespace holdfast::client
