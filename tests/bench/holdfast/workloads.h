#pragma once

#include <boost/asio/awaitable.hpp>

#include "tests/bench/holdfast/generator.h"

// What can be measured of a cell. Each opens its own sessions, checks every answer, and puts
// "failed" into its figures when an answer was wrong.

namespace holdfast::bench {

// W1, W2: closed loops; each of Plan::outstanding slots has a node of its own. A write has to be
// the next of its node, a read has to bring the contents.
boost::asio::awaitable<Figures> measure_writes(Generator& generator);
boost::asio::awaitable<Figures> measure_stale_reads(Generator& generator);
boost::asio::awaitable<Figures> measure_linearizable_reads(Generator& generator);

// W3: Plan::clients clients, each with a lock of its own, acquire and release.
boost::asio::awaitable<Figures> measure_lock_cycles(Generator& generator);
// W4: all want the same lock and release it at once. The latency is from asking to being granted.
boost::asio::awaitable<Figures> measure_hand_over(Generator& generator);

// W5: a write every five milliseconds from one client that knows all replicas, while one is struck.
boost::asio::awaitable<Figures> measure_failover(Generator& generator);

// W6: Plan::count idle sessions, each on its own connection. Prints a line with "held" when all
// are there, and ends with SIGTERM.
boost::asio::awaitable<Figures> hold_sessions(Generator& generator);
// Plan::count watches of nodes of their own, over Plan::connections sessions. Prints a line with
// "sessions", waits for SIGUSR1, and goes on as hold_sessions().
boost::asio::awaitable<Figures> hold_watches(Generator& generator);

// W7: Plan::count watchers, each on its own connection, of one node that is written Plan::sets
// times.
boost::asio::awaitable<Figures> measure_fan_out(Generator& generator);

// W8: Plan::count nodes, as fast as possible.
boost::asio::awaitable<Figures> create_nodes(Generator& generator);
// W8, W9: prints a line with "waiting", and the moment from which on Plan::path is read with the
// contents that create_nodes() gave it (any if Plan::value_bytes is 0).
boost::asio::awaitable<Figures> wait_for_service(Generator& generator);

// G2: writes at Plan::rate, whatever the answers do, over Plan::connections sessions. At most
// Plan::outstanding are not answered; more are counted and not sent. A refusal that says that
// nothing was carried out is counted, by its code. Prints a line with "offering" after the warm-up
// and one with "offered" when all is sent, before the answers to the rest are waited for.
boost::asio::awaitable<Figures> measure_offered_load(Generator& generator);
// Plan::count sessions, each of which holds a lock and does nothing else. Prints a line with "held"
// when all are there; from a SIGUSR1 to the next Plan::clients more take and release locks of their
// own; from the first on the leases of the holders are looked at; ends with SIGTERM.
boost::asio::awaitable<Figures> hold_locks(Generator& generator);

// G7: writes at Plan::rate over Plan::connections sessions to nodes that stay, and beside them
// locks that are taken and released, sessions that open and close, nodes that are made and removed,
// and watches that have to tell of every write, for Plan::seconds. Prints a line of figures every
// Plan::interval_s.
boost::asio::awaitable<Figures> measure_mixed_load(Generator& generator);

}  // namespace holdfast::bench
