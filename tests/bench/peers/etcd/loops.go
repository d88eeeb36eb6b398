package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
)

const expectedOps = 1 << 15

// slot has one request outstanding at a time, on a key of its own.
type slot struct {
	client  *clientv3.Client
	key     string
	value   string
	version int64
}

func makeSlots(p plan) []*slot {
	clients := connectAll(p, min(p.outstanding, p.connections))
	slots := make([]*slot, p.outstanding)
	for i := range slots {
		key := fmt.Sprintf("/w/k%d", i)
		value := valueFor(key, p.valueBytes)
		slots[i] = &slot{clients[i%len(clients)], key, value, put(clients[0], key, value)}
	}
	for _, client := range clients { // Every server that is read from knows the keys from here on.
		get(client, slots[0].key)
	}
	return slots
}

func (s *slot) ask(kind string) error {
	if kind == "write" {
		_, err := s.client.Put(background, s.key, s.value)
		s.version++
		return err
	}
	var options []clientv3.OpOption
	if kind == "read-stale" {
		options = append(options, clientv3.WithSerializable())
	}
	reply, err := s.client.Get(background, s.key, options...)
	if err == nil && (len(reply.Kvs) != 1 || string(reply.Kvs[0].Value) != s.value) {
		err = fmt.Errorf("wrong answer: other contents than were written to %s", s.key)
	}
	return err
}

// measureReadsOrWrites: W1 and W2.
func measureReadsOrWrites(p plan) figures {
	slots := makeSlots(p)
	w := &window{plan: p}
	for _, s := range slots {
		s := s
		w.start(func() (whole, acquires latencies) {
			whole = make(latencies, 0, expectedOps)
			for !w.isOver() {
				begun := time.Now()
				if err := s.ask(p.workload); err != nil {
					w.fail("%v", err)
					return
				}
				if w.isOpen() {
					whole = append(whole, time.Since(begun))
				}
			}
			return
		})
	}
	f := w.run()
	if p.workload == "write" {
		checkWrites(f, slots)
	}
	return f
}

// checkWrites sees that what was acknowledged is there, once.
func checkWrites(f figures, slots []*slot) {
	for _, s := range slots {
		is := get(slots[0].client, s.key)
		if is.Value != s.value {
			f.fail("wrong answer: other contents than were written to " + s.key)
		}
		if is.Version != s.version {
			f.fail("wrong answer: " + s.key + " was written another number of times")
		}
	}
}

type lock struct {
	prefix     string
	holders    int32
	generation int64
}

// check sees that there is one holder, and that the revision that names his acquisition grows.
func (l *lock) check(w *window, mutex *concurrency.Mutex) {
	if atomic.AddInt32(&l.holders, 1) != 1 {
		w.fail("wrong answer: %s has two holders", l.prefix)
	}
	revision := mutex.Header().Revision
	if revision <= atomic.SwapInt64(&l.generation, revision) {
		w.fail("wrong answer: the generation does not grow")
	}
}

// measureLocks: W3 and W4, with the mutex of etcd's own library.
func measureLocks(p plan) figures {
	contended := p.workload == "hand-over"
	clients := connectAll(p, p.clients)
	sessions := make([]*concurrency.Session, p.clients)
	for i := range sessions {
		session, err := concurrency.NewSession(clients[i], concurrency.WithTTL(60))
		if err != nil {
			giveUp("session: %v", err)
		}
		sessions[i] = session
	}
	w := &window{plan: p}
	one := &lock{prefix: "/locks/one"}
	for i := range sessions {
		l := one
		if !contended {
			l = &lock{prefix: fmt.Sprintf("/locks/c%d", i)}
		}
		mutex := concurrency.NewMutex(sessions[i], l.prefix)
		w.start(func() (whole, acquires latencies) { return takeAgainAndAgain(w, mutex, l, contended) })
	}
	f := w.run()
	inParallel(p.clients, func(i int) { sessions[i].Close() })
	return f
}

func takeAgainAndAgain(w *window, mutex *concurrency.Mutex, l *lock, contended bool) (
	whole, acquires latencies) {
	whole = make(latencies, 0, expectedOps)
	for !w.isOver() {
		begun := time.Now()
		if err := mutex.Lock(background); err != nil {
			w.fail("%v", err)
			return
		}
		acquired := time.Since(begun)
		if contended {
			l.check(w, mutex)
			atomic.AddInt32(&l.holders, -1)
		}
		if err := mutex.Unlock(background); err != nil {
			w.fail("%v", err)
			return
		}
		if w.isOpen() && contended {
			whole = append(whole, acquired)
		} else if w.isOpen() {
			whole = append(whole, time.Since(begun))
			acquires = append(acquires, acquired)
		}
	}
	return
}
