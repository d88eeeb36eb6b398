import holdfast.api.AcquireOutcome;
import holdfast.api.AcquireRequest;
import holdfast.api.CloseSessionRequest;
import holdfast.api.CreateMode;
import holdfast.api.Event;
import holdfast.api.EventKind;
import holdfast.api.EventName;
import holdfast.api.ExistsRequest;
import holdfast.api.GetSequencerRequest;
import holdfast.api.KeepAliveReply;
import holdfast.api.KeepAliveRequest;
import holdfast.api.LockGrant;
import holdfast.api.LockService;
import holdfast.api.LockServiceError;
import holdfast.api.OpenSessionReply;
import holdfast.api.OpenSessionRequest;
import holdfast.api.ReleaseRequest;
import holdfast.api.ReplyHeader;
import holdfast.api.RequestHeader;
import holdfast.api.ResumeSessionRequest;
import holdfast.api.SetContentsRequest;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import org.apache.thrift.TConfiguration;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.transport.TSocket;
import org.apache.thrift.transport.TTransport;
import org.apache.thrift.transport.layered.TFramedTransport;

/**
 * Takes a lock, works while it holds it, and gives it back; through the loss of any one replica.
 *
 * <p>java Report HOST:PORT,HOST:PORT,…
 */
public class Report {
  private static final String PATH = "/reports/nightly";
  private static final int LEASE_MS = 6_000;
  private static final long GRACE_MS = 45_000; // How long to go on without a word from the cell.

  /** Milliseconds of a clock that nobody sets. */
  private static long now() {
    return System.nanoTime() / 1_000_000;
  }

  /** What the cell knows of this program. Safe for several threads. */
  private static class Session {
    final String[] endpoints;
    final byte[] secret = new byte[16];
    private long id;
    private long number; // Of the last request that changes something.
    private long lastSeen; // A zxid: unsigned.
    private long ends = now(); // The lease.
    private String lost = ""; // Why the lock is gone; empty while it is not.

    Session(String[] endpoints) {
      this.endpoints = endpoints;
      new SecureRandom().nextBytes(secret);
    }

    synchronized RequestHeader header() {
      return new RequestHeader()
          .setSession_id(id)
          .setLast_seen_zxid(lastSeen)
          .setTimeout_ms(2_000);
    }

    synchronized RequestHeader numbered() {
      number++; // One at a time: all before it are answered.
      return header().setRequest_number(number).setAnswered_below(number);
    }

    synchronized void opened(long id) {
      this.id = id;
    }

    synchronized long id() {
      return id;
    }

    synchronized void saw(ReplyHeader header) {
      if (Long.compareUnsigned(header.getZxid(), lastSeen) > 0) lastSeen = header.getZxid();
    }

    /** Counts from when the request was sent, less a margin for clocks of different rates. */
    synchronized void extend(long sent, long leaseMs) {
      ends = Math.max(ends, sent + leaseMs - leaseMs / 64);
    }

    /** True while the cell gives the lock to nobody else. */
    synchronized boolean held() {
      return lost.isEmpty() && now() < ends;
    }

    synchronized void lose(String why) {
      lost = why;
    }

    synchronized String lost() {
      return lost;
    }

    synchronized boolean isGivenUp() {
      return now() - ends > GRACE_MS;
    }
  }

  private interface Call<Reply> {
    Reply make(LockService.Client cell) throws TException;
  }

  /**
   * One connection, made anew at the next replica when it breaks. Thrift's Java client waits for
   * each reply, so the keep-alives have a line of their own.
   */
  private static class Line {
    private final Session session;
    private final int patienceMs; // How long a reply may take.
    private int place;
    private TTransport transport;
    private LockService.Client cell;
    long sent; // When the request that was answered last had been sent.

    Line(Session session, int patienceMs) {
      this.session = session;
      this.patienceMs = patienceMs;
    }

    /** Makes the line one of the session: opens it the first time, later resumes it. */
    private void connect() throws TException {
      if (cell != null) return;
      String[] at = session.endpoints[place % session.endpoints.length].split(":");
      TConfiguration conf = TConfiguration.DEFAULT;
      TSocket socket = new TSocket(conf, at[0], Integer.parseInt(at[1]), patienceMs, 1_000);
      transport = new TFramedTransport(socket);
      transport.open();
      LockService.Client client = new LockService.Client(new TBinaryProtocol(transport));
      RequestHeader header = session.header();
      long asked = now();
      if (header.getSession_id() != 0) {
        client.resume_session(
            new ResumeSessionRequest().setHeader(header).setSecret(session.secret));
      } else {
        OpenSessionReply opened =
            client.open_session(
                new OpenSessionRequest()
                    .setHeader(header)
                    .setLease_ms(LEASE_MS)
                    .setClient_name("report")
                    .setHost(hostName())
                    .setSecret(session.secret));
        session.opened(opened.getSession_id());
        session.extend(asked, opened.getLease_ms());
      }
      cell = client;
    }

    private void leave() {
      if (transport != null) transport.close();
      transport = null;
      cell = null;
      place++;
    }

    /** Makes one request, the same with the same number, until it is answered. */
    <Reply> Reply call(Call<Reply> request) throws TException, InterruptedException {
      while (true) {
        try {
          connect();
          sent = now();
          return request.make(cell);
        } catch (LockServiceError refusal) {
          if (isSettled(refusal) || session.isGivenUp()) throw refusal;
        } catch (TException failure) {
          if (session.isGivenUp()) throw failure;
        }
        leave();
        Thread.sleep(50);
      }
    }

    LockGrant acquire() throws TException, InterruptedException {
      AcquireRequest request =
          new AcquireRequest()
              .setHeader(session.numbered())
              .setPath(PATH)
              .setWait_ms(30_000)
              .setMax_hold_ms(1_000)
              .setCreate(CreateMode.PERSISTENT);
      while (true) {
        var reply = call(cell -> cell.acquire(request));
        session.saw(reply.getHeader());
        if (reply.getOutcome() == AcquireOutcome.GRANTED) return reply.getGrant();
      }
    }

    /** Runs until the session is over. */
    void keepAlive() {
      EventName seen = new EventName();
      try {
        while (true) {
          KeepAliveRequest request =
              new KeepAliveRequest()
                  .setHeader(session.header())
                  .setAcknowledged(seen)
                  .setMax_wait_ms(LEASE_MS / 4);
          KeepAliveReply reply = call(cell -> cell.keep_alive(request));
          for (Event event : reply.getEvents()) {
            if (event.getKind() == EventKind.LOCK_LOST && event.getSession_id() == session.id()) {
              session.lose(event.getReason());
            }
            if (event.getKind() == EventKind.EVENTS_LOST) {
              session.lose("events are gone, the loss of the lock may be among them");
            }
          }
          seen = reply.getDelivered_through();
          session.saw(reply.getHeader());
          // Only who has all events up to it may believe the extension.
          if (!reply.isMore()) session.extend(sent, reply.getHeader().getLease_ms());
        }
      } catch (TException | InterruptedException failure) {
        session.lose(failure.toString());
      }
    }
  }

  /** This refusal is the answer. Everything else is asked again, elsewhere. */
  private static boolean isSettled(LockServiceError refusal) {
    if (refusal.getCode() == null) return true; // A code of a later release.
    switch (refusal.getCode()) {
      case NO_QUORUM:
      case BEHIND:
      case SESSION_NOT_BOUND:
        return false;
      case TIMEOUT:
        return !refusal.isRetryable() && !refusal.isOutcome_pending();
      default:
        return true;
    }
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (java.net.UnknownHostException unknown) {
      return "";
    }
  }

  public static void main(String[] arguments) throws Exception {
    Session session = new Session(arguments[0].split(","));
    Line calls = new Line(session, 3_000);
    calls.call(cell -> cell.exists(new ExistsRequest().setHeader(session.header()).setPath("/")));
    Thread keeper = new Thread(new Line(session, LEASE_MS / 2)::keepAlive);
    keeper.setDaemon(true);
    keeper.start();

    LockGrant grant = calls.acquire();
    System.out.println("HOLDS " + grant.getSequencer());
    while (System.in.read() != '\n') {} // This is the work.
    if (!session.held()) {
      throw new IllegalStateException("the lock may be another's by now: " + session.lost());
    }

    GetSequencerRequest read =
        new GetSequencerRequest().setHeader(session.header()).setPath(PATH);
    LockGrant still = calls.call(cell -> cell.get_sequencer(read)).getGrant();
    System.out.println("STILL HOLDS " + still.getSequencer());
    // The cell refuses this write if the lock is another's when it arrives.
    SetContentsRequest write =
        new SetContentsRequest()
            .setHeader(session.numbered().setGuard(grant.getSequencer()))
            .setPath(PATH)
            .setContents(ByteBuffer.wrap("written in Java".getBytes("UTF-8")));
    calls.call(cell -> cell.set_contents(write));
    ReleaseRequest release = new ReleaseRequest().setHeader(session.numbered()).setPath(PATH);
    calls.call(cell -> cell.release(release));
    System.out.println("RELEASED");
    CloseSessionRequest end = new CloseSessionRequest().setHeader(session.header());
    calls.call(cell -> cell.close_session(end));
  }
}
