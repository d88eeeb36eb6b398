package main

import (
	"context"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// The words and times of tests/bench/load/gap.h.
const (
	period         = 5 * time.Millisecond
	steadyShare    = 0.8
	watchedAtLeast = 5 * time.Second
	gapForSure     = 40 * time.Millisecond
	quietAfterGap  = 3 * time.Second
	noGapAtAll     = 8 * time.Second
	openMax        = 4000
	requestTimeout = time.Second
)

type gap struct {
	sync.Mutex
	begun                        time.Time
	open, sent, failures         int
	acknowledged                 int
	last, struck, longest, ended time.Duration
}

func (g *gap) isOver(now time.Duration) bool {
	if g.struck == 0 || now < g.struck+watchedAtLeast {
		return false
	}
	if g.longest > gapForSure && now-g.last < gapForSure {
		return now-g.ended > quietAfterGap
	}
	return now-g.struck > noGapAtAll && now-g.last < gapForSure
}

func (g *gap) onAnswer(err error) {
	g.Lock()
	defer g.Unlock()
	g.open--
	if err != nil {
		g.failures++
		return
	}
	g.acknowledged++
	now := time.Since(g.begun)
	if g.struck != 0 && g.last != 0 && now-g.last > g.longest {
		g.longest, g.ended = now-g.last, now
	}
	g.last = now
}

func (g *gap) strike(p plan, now time.Duration) {
	if float64(g.acknowledged) < steadyShare*p.signalAfter/period.Seconds() {
		giveUp("writes were not steady before the signal: %d", g.acknowledged)
	}
	if err := syscall.Kill(p.victim, syscall.Signal(p.signal)); err != nil {
		giveUp("the signal could not be sent: %v", err)
	}
	g.struck = now
}

// turn does what is to be done at one tick, and answers whether all is over.
func (g *gap) turn(p plan, client *clientv3.Client, key, value string) bool {
	g.Lock()
	defer g.Unlock()
	now := time.Since(g.begun)
	if g.struck == 0 && now > seconds(p.signalAfter) {
		g.strike(p, now)
	}
	if g.struck != 0 && now > g.struck+seconds(p.limit) {
		giveUp("no recovery in time")
	}
	if g.open < openMax {
		g.open++
		g.sent++
		go func() {
			limited, cancel := context.WithTimeout(background, requestTimeout)
			defer cancel()
			_, err := client.Put(limited, key, value)
			g.onAnswer(err)
		}()
	}
	return g.isOver(now)
}

// measureFailover: W5, one client that knows all members.
func measureFailover(p plan) figures {
	client := connect(p.endpoints...)
	const key = "/failover"
	value := valueFor(key, p.valueBytes)
	first := put(client, key, value)
	g := &gap{begun: time.Now()}
	ticker := time.NewTicker(period)
	for range ticker.C {
		if g.turn(p, client, key, value) {
			break
		}
	}
	ticker.Stop()
	time.Sleep(2 * requestTimeout)
	carriedOut := int(get(client, key).Version - first)
	g.Lock()
	defer g.Unlock()
	f := figures{"gap_ms": g.longest.Seconds() * 1e3,
		"from_blow_ms": (g.ended - g.struck).Seconds() * 1e3,
		"acknowledged": g.acknowledged, "sent": g.sent, "failures": g.failures}
	if carriedOut < g.acknowledged {
		f.fail("acknowledged writes are missing")
	} else if carriedOut > g.sent {
		f.fail("a write was carried out twice")
	}
	return f
}
