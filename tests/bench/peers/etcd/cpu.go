package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const ticksASecond = 100.0

// cpuUsage is what tests/bench/load/cpu_usage.h tells: CPU time used so far, in seconds.
type cpuUsage struct {
	at                    time.Time
	servers               []float64
	self                  float64
	idle, forDisk, stolen float64
}

func number(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64)
	return value
}

func cpuNow(servers []int) cpuUsage {
	usage := cpuUsage{at: time.Now()}
	for _, pid := range servers {
		var user, system float64
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
			all := string(text)
			fields := strings.Fields(all[strings.LastIndexByte(all, ')')+2:])
			user, system = number(fields[11])/ticksASecond, number(fields[12])/ticksASecond
		}
		usage.servers = append(usage.servers, user+system)
	}
	var own syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &own)
	user := float64(own.Utime.Sec) + float64(own.Utime.Usec)/1e6
	usage.self = user + float64(own.Stime.Sec) + float64(own.Stime.Usec)/1e6
	if text, err := os.ReadFile("/proc/stat"); err == nil {
		fields := strings.Fields(strings.SplitN(string(text), "\n", 2)[0])
		usage.idle = number(fields[4]) / ticksASecond
		usage.forDisk = number(fields[5]) / ticksASecond
		usage.stolen = number(fields[8]) / ticksASecond
	}
	return usage
}

func addCPU(f figures, before, after cpuUsage) {
	seconds := after.at.Sub(before.at).Seconds()
	servers := []float64{}
	for i := range before.servers {
		servers = append(servers, (after.servers[i]-before.servers[i])/seconds)
	}
	f["cpu_servers"] = servers
	f["cpu_client"] = (after.self - before.self) / seconds
	f["cpu_idle"] = (after.idle - before.idle) / seconds
	f["cpu_iowait"] = (after.forDisk - before.forDisk) / seconds
	f["cpu_steal"] = (after.stolen - before.stolen) / seconds
}
