// etcd_bench WORKLOAD --endpoints=HOST:PORT,… [options]: as holdfast_bench, for etcd, with etcd's
// own client library (clientv3 and concurrency).
package main

import "os"

func main() {
	workloads := map[string]func(plan) figures{
		"write":         measureReadsOrWrites,
		"read":          measureReadsOrWrites,
		"read-stale":    measureReadsOrWrites,
		"lock":          measureLocks,
		"hand-over":     measureLocks,
		"failover":      measureFailover,
		"hold-sessions": holdSessions,
		"watch":         measureFanOut,
		"create":        createNodes,
		"ready":         waitForService,
	}
	p := planFromCommandLine(os.Args[1:])
	workload, known := workloads[p.workload]
	if !known {
		giveUp("unknown workload %q", p.workload)
	}
	f := workload(p)
	f.print()
	if _, failed := f["failed"]; failed {
		os.Exit(2)
	}
}
