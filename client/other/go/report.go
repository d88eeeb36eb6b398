// Takes a lock, works while it holds it, and gives it back; through the loss of any one replica.
//
//	report HOST:PORT,HOST:PORT,…
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/apache/thrift/lib/go/thrift"

	"report/holdfast/api"
)

const (
	path  = "/reports/nightly"
	lease = 6 * time.Second
	grace = 45 * time.Second // How long to go on without a word from the cell.
)

// session is what the cell knows of this program. Safe for several goroutines.
type session struct {
	endpoints []string
	secret    []byte

	mutex    sync.Mutex
	id       int64
	number   int64     // Of the last request that changes something.
	lastSeen uint64    // A zxid is unsigned.
	ends     time.Time // The lease, counted by the monotonic clock that time.Time has.
	lost     string    // Why the lock is gone; empty while it is not.
}

// line is one connection, made anew at the next replica when it breaks. Thrift's Go client waits
// for each reply, so the keep-alives have a line of their own.
type line struct {
	*session
	patience time.Duration // How long a reply may take.
	place    int
	socket   thrift.TTransport
	api      *api.LockServiceClient
}

func (s *session) header(numbered bool) *api.RequestHeader {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	header := api.NewRequestHeader()
	header.SessionID = s.id
	header.LastSeenZxid = int64(s.lastSeen)
	header.TimeoutMs = thrift.Int32Ptr(2000)
	if numbered {
		s.number++
		header.RequestNumber = s.number
		header.AnsweredBelow = s.number // One at a time: all before it are answered.
	}
	return header
}

func (s *session) saw(header *api.ReplyHeader) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if zxid := uint64(header.Zxid); zxid > s.lastSeen {
		s.lastSeen = zxid
	}
}

// extend counts from when the request was sent, less a margin for clocks of different rates.
func (s *session) extend(sent time.Time, leaseMs int64) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	length := time.Duration(leaseMs) * time.Millisecond
	if ends := sent.Add(length - length/64); ends.After(s.ends) {
		s.ends = ends
	}
}

// held is true while the cell gives the lock to nobody else.
func (s *session) held() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.lost == "" && time.Now().Before(s.ends)
}

func (s *session) lose(why string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.lost = why
}

func (s *session) isGivenUp() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return time.Since(s.ends) > grace
}

// connect makes the line one of the session: opens it the first time, later resumes it.
func (l *line) connect() error {
	if l.api != nil {
		return nil
	}
	conf := &thrift.TConfiguration{ConnectTimeout: time.Second, SocketTimeout: l.patience}
	l.socket = thrift.NewTFramedTransportConf(
		thrift.NewTSocketConf(l.endpoints[l.place%len(l.endpoints)], conf), conf)
	if err := l.socket.Open(); err != nil {
		return err
	}
	protocol := thrift.NewTBinaryProtocolConf(l.socket, conf)
	client := api.NewLockServiceClient(thrift.NewTStandardClient(protocol, protocol))
	header, sent := l.header(false), time.Now()
	if header.SessionID != 0 {
		_, err := client.ResumeSession(context.Background(),
			&api.ResumeSessionRequest{Header: header, Secret: l.secret})
		if err != nil {
			return err
		}
	} else {
		host, _ := os.Hostname()
		opened, err := client.OpenSession(context.Background(), &api.OpenSessionRequest{
			Header: header, LeaseMs: lease.Milliseconds(), ClientName: "report", Host: host,
			Secret: l.secret})
		if err != nil {
			return err
		}
		l.mutex.Lock()
		l.id = opened.SessionID
		l.mutex.Unlock()
		l.extend(sent, opened.LeaseMs)
	}
	l.api = client
	return nil
}

func (l *line) leave() {
	if l.socket != nil {
		l.socket.Close()
	}
	l.socket, l.api = nil, nil
	l.place++
}

// isSettled: this refusal is the answer. Everything else is asked again, elsewhere.
func isSettled(refusal *api.LockServiceError) bool {
	switch refusal.Code {
	case api.ErrorCode_NO_QUORUM, api.ErrorCode_BEHIND, api.ErrorCode_SESSION_NOT_BOUND:
		return false
	case api.ErrorCode_TIMEOUT:
		return !refusal.Retryable && !refusal.OutcomePending
	}
	return true
}

// call makes one request, the same with the same number, until it is answered. It says when the
// request that was answered had been sent.
func (l *line) call(request func(*api.LockServiceClient) error) (time.Time, error) {
	for {
		err := l.connect()
		sent := time.Now()
		if err == nil {
			err = request(l.api)
		}
		if err == nil {
			return sent, nil
		}
		var refusal *api.LockServiceError
		if errors.As(err, &refusal) && isSettled(refusal) {
			return sent, fmt.Errorf("%v: %s", refusal.Code, refusal.Message)
		}
		l.leave()
		if l.isGivenUp() {
			return sent, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// keepAlive runs until the session is over.
func (l *line) keepAlive() {
	seen := api.NewEventName()
	for {
		request := &api.KeepAliveRequest{Header: l.header(false), Acknowledged: seen,
			MaxWaitMs: int32(lease.Milliseconds() / 4)}
		var reply *api.KeepAliveReply
		sent, err := l.call(func(cell *api.LockServiceClient) (err error) {
			reply, err = cell.KeepAlive(context.Background(), request)
			return err
		})
		if err != nil {
			l.lose(err.Error())
			return
		}
		for _, event := range reply.Events {
			if event.Kind == api.EventKind_LOCK_LOST && event.GetSessionID() == l.id {
				l.lose(event.GetReason())
			}
			if event.Kind == api.EventKind_EVENTS_LOST {
				l.lose("events are gone, the loss of the lock may be among them")
			}
		}
		seen = reply.DeliveredThrough
		l.saw(reply.Header)
		if !reply.More { // Only who has all events up to it may believe the extension.
			l.extend(sent, reply.Header.LeaseMs)
		}
	}
}

func (l *line) acquire() (*api.LockGrant, error) {
	request := &api.AcquireRequest{Header: l.header(true), Path: path, Mode: api.LockMode_EXCLUSIVE,
		WaitMs: 30000, MaxHoldMs: thrift.Int32Ptr(1000), Create: api.CreateMode_PERSISTENT}
	for {
		var reply *api.AcquireReply
		_, err := l.call(func(cell *api.LockServiceClient) (err error) {
			reply, err = cell.Acquire(context.Background(), request)
			return err
		})
		if err != nil {
			return nil, err
		}
		l.saw(reply.Header)
		if reply.Outcome == api.AcquireOutcome_GRANTED {
			return reply.Grant, nil
		}
	}
}

func run(endpoints []string) error {
	session := &session{endpoints: endpoints, secret: make([]byte, 16), ends: time.Now()}
	if _, err := rand.Read(session.secret); err != nil {
		return err
	}
	calls := &line{session: session, patience: 3 * time.Second}
	if _, err := calls.call(func(*api.LockServiceClient) error { return nil }); err != nil {
		return err
	}
	go (&line{session: session, patience: lease / 2}).keepAlive()

	grant, err := calls.acquire()
	if err != nil {
		return err
	}
	fmt.Println("HOLDS", grant.Sequencer)
	bufio.NewReader(os.Stdin).ReadString('\n') // This is the work.
	if !session.held() {
		return errors.New("the lock may be another's by now: " + session.lost)
	}

	read := &api.GetSequencerRequest{Header: calls.header(false), Path: path}
	_, err = calls.call(func(cell *api.LockServiceClient) error {
		reply, err := cell.GetSequencer(context.Background(), read)
		if err == nil {
			fmt.Println("STILL HOLDS", reply.Grant.Sequencer)
		}
		return err
	})
	if err != nil {
		return err
	}
	// The cell refuses this write if the lock is another's when it arrives.
	write := &api.SetContentsRequest{Header: calls.header(true), Path: path,
		Contents: []byte("written in Go")}
	write.Header.Guard = &grant.Sequencer
	_, err = calls.call(func(cell *api.LockServiceClient) error {
		_, err := cell.SetContents(context.Background(), write)
		return err
	})
	if err != nil {
		return err
	}
	release := &api.ReleaseRequest{Header: calls.header(true), Path: path}
	_, err = calls.call(func(cell *api.LockServiceClient) error {
		_, err := cell.Release(context.Background(), release)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println("RELEASED")
	end := &api.CloseSessionRequest{Header: calls.header(false)}
	_, err = calls.call(func(cell *api.LockServiceClient) error {
		_, err := cell.CloseSession(context.Background(), end)
		return err
	})
	return err
}

func main() {
	if err := run(strings.Split(os.Args[1], ",")); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}
