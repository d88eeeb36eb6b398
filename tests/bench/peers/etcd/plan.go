package main

import (
	"flag"
	"strconv"
	"strings"
)

// plan is what the generator is to do; the words are those of tests/bench/load/plan.h.
type plan struct {
	workload    string
	endpoints   []string
	servers     []int
	outstanding int
	connections int
	clients     int
	count       int
	sets        int
	valueBytes  int
	warmUp      float64
	seconds     float64
	limit       float64
	victim      int
	signal      int
	signalAfter float64
	path        string
}

func planFromCommandLine(arguments []string) plan {
	var p plan
	var endpoints, servers string
	words := flag.NewFlagSet("etcd_bench WORKLOAD", flag.ExitOnError)
	words.StringVar(&endpoints, "endpoints", "", "HOST:PORT,…")
	words.StringVar(&servers, "servers", "", "their process ids")
	words.IntVar(&p.outstanding, "outstanding", 1, "")
	words.IntVar(&p.connections, "connections", 16, "")
	words.IntVar(&p.clients, "clients", 1, "")
	words.IntVar(&p.count, "count", 1000, "")
	words.IntVar(&p.sets, "sets", 20, "")
	words.IntVar(&p.valueBytes, "value-bytes", 100, "")
	words.Float64Var(&p.warmUp, "warm-up", 1, "")
	words.Float64Var(&p.seconds, "seconds", 5, "")
	words.Float64Var(&p.limit, "limit", 60, "")
	words.IntVar(&p.victim, "victim", 0, "the process that gets the signal")
	words.IntVar(&p.signal, "signal", 9, "")
	words.Float64Var(&p.signalAfter, "signal-after", 3, "")
	words.StringVar(&p.path, "path", "", "")
	if len(arguments) < 1 {
		giveUp("no workload")
	}
	p.workload = arguments[0]
	words.Parse(arguments[1:])
	p.endpoints = strings.Split(endpoints, ",")
	for _, word := range strings.Split(servers, ",") {
		if pid, err := strconv.Atoi(word); err == nil {
			p.servers = append(p.servers, pid)
		}
	}
	return p
}

// valueFor answers bytes that can be told from those of other names.
func valueFor(name string, bytes int) string {
	value := name + " "
	if len(value) > bytes {
		return value[:bytes]
	}
	return value + strings.Repeat("v", bytes-len(value))
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
