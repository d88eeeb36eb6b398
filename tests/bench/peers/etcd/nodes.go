package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

func nodeKey(number int) string { return fmt.Sprintf("/d/n%08d", number) }

// createNodes: W8.
func createNodes(p plan) figures {
	clients := connectAll(p, min(p.outstanding, p.connections))
	var next counter
	var mutex sync.Mutex
	var all latencies
	before := cpuNow(p.servers)
	inParallelLoops(p.outstanding, func(i int) {
		var own latencies
		for number := next.next(); number < p.count; number = next.next() {
			key := nodeKey(number)
			begun := time.Now()
			_, err := clients[i%len(clients)].Put(background, key, valueFor(key, p.valueBytes))
			if err != nil {
				giveUp("put: %v", err)
			}
			own = append(own, time.Since(begun))
		}
		mutex.Lock()
		defer mutex.Unlock()
		all = append(all, own...)
	})
	after := cpuNow(p.servers)
	length := after.at.Sub(before.at).Seconds()
	f := figures{"seconds": length, "ops": len(all), "per_s": float64(len(all)) / length}
	all.addTo(f, "")
	addCPU(f, before, after)
	reply, err := clients[0].Get(background, "/d/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		f.fail(err.Error())
	} else if int(reply.Count) != p.count {
		f.fail(fmt.Sprintf("there are %d nodes", reply.Count))
	}
	return f
}

func inParallelLoops(count int, loop func(i int)) {
	var all sync.WaitGroup
	for i := 0; i < count; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			loop(i)
		}(i)
	}
	all.Wait()
}

// waitForService: W8 and W9. One connection, made as soon as the port accepts, and a linearizable
// read that is repeated.
func waitForService(p plan) figures {
	figures{"waiting": true}.print()
	end := time.Now().Add(seconds(p.limit))
	attempts := 0
	for {
		attempts++
		connection, err := net.DialTimeout("tcp", p.endpoints[0], time.Second)
		if err == nil {
			connection.Close()
			break
		}
		if time.Now().After(end) {
			giveUp("it does not serve in time")
		}
		time.Sleep(time.Millisecond)
	}
	client := connect(p.endpoints[0])
	for {
		attempts++
		limited, cancel := context.WithTimeout(background, 5*time.Second)
		reply, err := client.Get(limited, p.path)
		cancel()
		if err == nil {
			f := figures{"served_at_unix_ns": time.Now().UnixNano(), "attempts": attempts}
			wanted := valueFor(p.path, p.valueBytes)
			if p.valueBytes > 0 && (len(reply.Kvs) != 1 || string(reply.Kvs[0].Value) != wanted) {
				f.fail("other contents than were written")
			}
			return f
		}
		if time.Now().After(end) {
			giveUp("it does not serve in time: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
}
