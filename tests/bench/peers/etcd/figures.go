package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"
)

// figures are printed as one line of JSON; a member "failed" says why there are none.
type figures map[string]interface{}

var printing sync.Mutex

func (f figures) print() {
	printing.Lock()
	defer printing.Unlock()
	line, err := json.Marshal(f)
	if err != nil {
		line = []byte(fmt.Sprintf(`{"failed": %q}`, err.Error()))
	}
	fmt.Println(string(line))
}

func (f figures) fail(why string) {
	if _, failed := f["failed"]; !failed {
		f["failed"] = why
	}
}

func giveUp(form string, arguments ...interface{}) {
	figures{"failed": fmt.Sprintf(form, arguments...)}.print()
	os.Exit(2)
}

type latencies []time.Duration

func (l latencies) percentile(share float64) float64 {
	if len(l) == 0 {
		return 0
	}
	place := min(int(share*float64(len(l))), len(l)-1)
	return float64(l[place]) / 1e3
}

func (l latencies) addTo(f figures, prefix string) {
	sort.Slice(l, func(i, j int) bool { return l[i] < l[j] })
	f[prefix+"p50_us"] = l.percentile(0.5)
	f[prefix+"p99_us"] = l.percentile(0.99)
	f[prefix+"p999_us"] = l.percentile(0.999)
	f[prefix+"max_us"] = l.percentile(1)
}
