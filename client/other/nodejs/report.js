// Takes a lock, works while it holds it, and gives it back; through the loss of any one replica.
//
//   node report.js HOST:PORT,HOST:PORT,…
'use strict';

const crypto = require('crypto');
const os = require('os');
const readline = require('readline');
const thrift = require('thrift');

const LockService = require('./api/LockService');
const api = require('./api/lockservice_types');

const PATH = '/reports/nightly';
const LEASE_MS = 6000;
const GRACE_MS = 45000; // How long to go on without a word from the cell.

// 64-bit numbers come as objects of node-int64. Those that are only given back stay what they are;
// zxids are unsigned.
const unsigned = (int64) => int64.buffer.readBigUInt64BE(int64.offset);
const now = () => performance.now(); // Milliseconds of a clock that nobody sets.
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

class Disconnected extends Error {}

class Session {
  constructor(endpoints) {
    this.endpoints = endpoints;
    this.place = 0;
    this.secret = crypto.randomBytes(16);
    this.id = 0;
    this.number = 0; // Of the last request that changes something.
    this.lastSeen = new thrift.Int64(0);
    this.ends = now(); // The lease.
    this.lost = ''; // Why the lock is gone; empty while it is not.
    this.link = null;
  }

  header(more) {
    return new api.RequestHeader({
      session_id: this.id, last_seen_zxid: this.lastSeen, timeout_ms: 2000, ...more });
  }

  numbered(more) {
    this.number += 1; // One at a time: all before it are answered.
    return this.header({ request_number: this.number, answered_below: this.number, ...more });
  }

  // Counts from when the request was sent, less a margin for clocks of different rates.
  extend(sent, leaseMs) {
    this.ends = Math.max(this.ends, sent + Number(leaseMs) * (1 - 1 / 64));
  }

  // True while the cell gives the lock to nobody else.
  held() {
    return this.lost === '' && now() < this.ends;
  }

  // The connection, made a connection of the session: by opening it the first time, later by
  // resuming it. Everybody who needs it waits for the one attempt.
  connection() {
    this.link ??= this.connect();
    return this.link;
  }

  async connect() {
    const [host, port] = this.endpoints[this.place % this.endpoints.length].split(':');
    const socket = thrift.createConnection(host, Number(port), {
      transport: thrift.TFramedTransport, protocol: thrift.TBinaryProtocol });
    // Thrift's library leaves the calls of a connection that breaks open for ever.
    const broken = new Promise((_, fail) => {
      socket.on('error', (error) => fail(new Disconnected(error.message)));
      socket.on('close', () => fail(new Disconnected('the connection was closed')));
    });
    broken.catch(() => {});
    const link = { socket, broken, client: thrift.createClient(LockService, socket) };
    try {
      const sent = now();
      if (this.id === 0) {
        const opened = await this.answer(link, 'open_session', new api.OpenSessionRequest({
          header: this.header(), lease_ms: LEASE_MS, client_name: 'report', host: os.hostname(),
          secret: this.secret }), 2500);
        this.id = opened.session_id;
        this.extend(sent, opened.lease_ms);
      } else {
        await this.answer(link, 'resume_session', new api.ResumeSessionRequest({
          header: this.header(), secret: this.secret }), 2500);
      }
    } catch (failure) {
      socket.destroy();
      throw failure;
    }
    return link;
  }

  async answer(link, method, request, patienceMs) {
    let timer;
    const late = new Promise((_, fail) => {
      timer = setTimeout(() => fail(new Disconnected(`no answer to ${method}`)), patienceMs);
    });
    try {
      return await Promise.race([link.client[method](request), link.broken, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  leave(link) {
    if (this.link !== link) return; // Another call has left it already.
    this.link = null;
    this.place += 1;
    link.then(({ socket }) => socket.destroy(), () => {});
  }

  // Makes one request, the same with the same number, until it is answered. `sent` is when the
  // request that was answered had been sent.
  async call(method, request, patienceMs = 2500) {
    for (;;) {
      const link = this.connection();
      try {
        const connected = await link;
        const sent = now();
        const reply = await this.answer(connected, method, request, patienceMs);
        return { sent, reply };
      } catch (failure) {
        if (failure instanceof api.LockServiceError && isSettled(failure)) throw failure;
        this.leave(link);
        if (now() - this.ends > GRACE_MS) throw failure;
        await pause(50);
      }
    }
  }

  saw(header) {
    if (unsigned(header.zxid) > unsigned(this.lastSeen)) this.lastSeen = header.zxid;
  }

  // Until the session is over. Replies are matched by their sequence ids, so it needs no connection
  // of its own.
  async keepAlive() {
    let seen = new api.EventName();
    for (;;) {
      const { sent, reply } = await this.call('keep_alive', new api.KeepAliveRequest({
        header: this.header(), acknowledged: seen, max_wait_ms: LEASE_MS / 4 }), LEASE_MS / 2);
      for (const event of reply.events) {
        if (event.kind === api.EventKind.LOCK_LOST
            && unsigned(event.session_id) === unsigned(this.id)) {
          this.lost = event.reason;
        }
        if (event.kind === api.EventKind.EVENTS_LOST) {
          this.lost = 'events are gone, the loss of the lock may be among them';
        }
      }
      seen = reply.delivered_through;
      this.saw(reply.header);
      // Only who has all events up to it may believe the extension.
      if (!reply.more) this.extend(sent, reply.header.lease_ms);
    }
  }

  async acquire() {
    const request = new api.AcquireRequest({
      header: this.numbered(), path: PATH, mode: api.LockMode.EXCLUSIVE, wait_ms: 30000,
      max_hold_ms: 1000, create: api.CreateMode.PERSISTENT });
    for (;;) {
      const { reply } = await this.call('acquire', request);
      this.saw(reply.header);
      if (reply.outcome === api.AcquireOutcome.GRANTED) return reply.grant;
    }
  }
}

// This refusal is the answer. Everything else is asked again, elsewhere.
function isSettled(refusal) {
  const { NO_QUORUM, BEHIND, SESSION_NOT_BOUND, TIMEOUT } = api.ErrorCode;
  if (refusal.code === TIMEOUT) return !refusal.retryable && !refusal.outcome_pending;
  return ![NO_QUORUM, BEHIND, SESSION_NOT_BOUND].includes(refusal.code);
}

async function run(endpoints) {
  const session = new Session(endpoints);
  await session.call('exists', new api.ExistsRequest({ header: session.header(), path: '/' }));
  session.keepAlive().catch((failure) => { session.lost = failure.message; });

  const grant = await session.acquire();
  console.log('HOLDS', grant.sequencer);
  for await (const _ of readline.createInterface({ input: process.stdin })) break; // The work.
  if (!session.held()) throw new Error(`the lock may be another's by now: ${session.lost}`);

  const { reply } = await session.call('get_sequencer', new api.GetSequencerRequest({
    header: session.header(), path: PATH }));
  console.log('STILL HOLDS', reply.grant.sequencer);
  // The cell refuses this write if the lock is another's when it arrives.
  await session.call('set_contents', new api.SetContentsRequest({
    header: session.numbered({ guard: grant.sequencer }), path: PATH,
    contents: Buffer.from('written in Node.js') }));
  await session.call('release', new api.ReleaseRequest({
    header: session.numbered(), path: PATH }));
  console.log('RELEASED');
  await session.call('close_session', new api.CloseSessionRequest({ header: session.header() }));
}

run(process.argv[2].split(',')).then(() => process.exit(0), (failure) => {
  console.error('report:', failure.message);
  process.exit(1);
});
