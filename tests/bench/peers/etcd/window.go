package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// window is the measured part of closed loops: warm-up, window, end. Only what succeeds within it
// counts; a failure is one at any time.
type window struct {
	plan       plan
	measuring  int32
	over       int32
	errors     int64
	firstError atomic.Value
	loops      sync.WaitGroup
	mutex      sync.Mutex
	whole      latencies
	acquires   latencies
}

func (w *window) isOver() bool { return atomic.LoadInt32(&w.over) == 1 }
func (w *window) isOpen() bool { return atomic.LoadInt32(&w.measuring) == 1 }

func (w *window) fail(form string, arguments ...interface{}) {
	w.firstError.CompareAndSwap(nil, fmt.Sprintf(form, arguments...))
	atomic.AddInt64(&w.errors, 1)
}

// start runs a loop of its own; what it answers are the latencies of its successes.
func (w *window) start(loop func() (whole, acquires latencies)) {
	w.loops.Add(1)
	go func() {
		defer w.loops.Done()
		whole, acquires := loop()
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.whole = append(w.whole, whole...)
		w.acquires = append(w.acquires, acquires...)
	}()
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (w *window) run() figures {
	time.Sleep(seconds(w.plan.warmUp))
	before := cpuNow(w.plan.servers)
	atomic.StoreInt32(&w.measuring, 1)
	time.Sleep(seconds(w.plan.seconds))
	atomic.StoreInt32(&w.measuring, 0)
	after := cpuNow(w.plan.servers)
	atomic.StoreInt32(&w.over, 1)
	ended := make(chan bool)
	go func() { w.loops.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(seconds(w.plan.limit)):
		giveUp("what is outstanding is not answered")
	}
	f := figures{}
	length := after.at.Sub(before.at).Seconds()
	f["seconds"] = length
	f["ops"] = len(w.whole)
	f["per_s"] = float64(len(w.whole)) / length
	w.whole.addTo(f, "")
	if len(w.acquires) > 0 {
		w.acquires.addTo(f, "acquire_")
	}
	addCPU(f, before, after)
	f["errors"] = w.errors
	if w.errors > 0 {
		f.fail(fmt.Sprintf("%d failures; the first: %v", w.errors, w.firstError.Load()))
	} else if len(w.whole) == 0 {
		f.fail("nothing succeeded in the window")
	}
	return f
}
