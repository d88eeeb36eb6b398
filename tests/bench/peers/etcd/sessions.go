package main

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
)

// holdSessions: W6; a session is a lease that is kept alive, each on its own connection.
func holdSessions(p plan) figures {
	begun := time.Now()
	clients := connectAll(p, p.count)
	sessions := make([]*concurrency.Session, p.count)
	inParallel(p.count, func(i int) {
		session, err := concurrency.NewSession(clients[i], concurrency.WithTTL(30))
		if err != nil {
			giveUp("session: %v", err)
		}
		sessions[i] = session
	})
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	figures{"held": p.count, "open_s": time.Since(begun).Seconds()}.print()
	<-told
	lost := 0
	for _, session := range sessions {
		select {
		case <-session.Done():
			lost++
		default:
		}
	}
	f := figures{"live": p.count - lost, "lost": lost}
	if lost > 0 {
		f.fail("sessions expired")
	}
	return f
}

const (
	unmeasured       = 2 // The first rounds.
	pauseBeforeWrite = 100 * time.Millisecond
)

// round is one write, and who was told of it.
type round struct {
	sync.Mutex
	begun       time.Time
	told        int
	first, last time.Duration
	all         chan bool
}

func (r *round) onEvents(count, watchers int) {
	r.Lock()
	defer r.Unlock()
	for i := 0; i < count; i++ {
		now := time.Since(r.begun)
		if r.told == 0 {
			r.first = now
		}
		r.told++
		if r.told == watchers {
			r.last = now
			r.all <- true
		}
	}
}

func (r *round) watch(client *clientv3.Client, key string, watchers int, ready *sync.WaitGroup) {
	created := false
	for reply := range client.Watch(background, key, clientv3.WithCreatedNotify()) {
		if err := reply.Err(); err != nil {
			giveUp("watch: %v", err)
		}
		if reply.Created && !created {
			created = true
			ready.Done()
		}
		r.onEvents(len(reply.Events), watchers)
	}
}

func (r *round) writeAndWait(p plan, client *clientv3.Client, key string) (acknowledged time.Duration) {
	time.Sleep(pauseBeforeWrite)
	r.Lock()
	r.told = 0
	r.begun = time.Now()
	r.Unlock()
	if _, err := client.Put(background, key, valueFor(key, p.valueBytes)); err != nil {
		giveUp("put: %v", err)
	}
	acknowledged = time.Since(r.begun)
	select {
	case <-r.all:
	case <-time.After(seconds(p.limit)):
		giveUp("not all watchers were told")
	}
	return
}

// measureFanOut: W7, each watcher on its own connection.
func measureFanOut(p plan) figures {
	const key = "/watched"
	clients := connectAll(p, p.count)
	put(clients[0], key, valueFor(key, p.valueBytes))
	r := &round{begun: time.Now(), all: make(chan bool, 1)}
	var ready sync.WaitGroup
	ready.Add(p.count)
	for _, client := range clients {
		go r.watch(client, key, p.count, &ready)
	}
	ready.Wait()
	for i := 0; i < unmeasured; i++ {
		r.writeAndWait(p, clients[0], key)
	}
	var first, last, acknowledged latencies
	before := cpuNow(p.servers)
	for i := 0; i < p.sets; i++ {
		acknowledged = append(acknowledged, r.writeAndWait(p, clients[0], key))
		first = append(first, r.first)
		last = append(last, r.last)
	}
	f := figures{}
	addCPU(f, before, cpuNow(p.servers))
	last.addTo(f, "last_")
	first.addTo(f, "first_")
	acknowledged.addTo(f, "acknowledged_")
	return f
}

// counter is shared by goroutines.
type counter int64

func (c *counter) next() int { return int(atomic.AddInt64((*int64)(c), 1)) - 1 }
