package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// start measures how long Atelier takes to answer, and what it needs then.
func start(ctx context.Context, o options) (section, error) {
	times, resident, own, err := startAndIdle(ctx, o.work)
	if err != nil {
		return section{}, err
	}
	return section{"Start", fmt.Sprintf("| | Atelier | aim |\n|---|---:|---:|\n| start to healthy, empty data directory (median of %d) | %d ms | 500 ms |\n"+
		"| resident when idle | %.0f MB | 150 MB |\n| of it the process's own, without pages of the program's file, which the system takes back when it wants | %.0f MB | |\n",
		len(times), median(times).Milliseconds(), float64(resident)/1e6, float64(own)/1e6)}, nil
}

// startAndIdle starts Atelier ten times with an empty directory, and tells the times to its first answer and its memory
// when it has nothing to do.
func startAndIdle(ctx context.Context, work string) (times []time.Duration, resident, own int64, err error) {
	for i := range 10 {
		address, err := freePort()
		if err != nil {
			return nil, 0, 0, err
		}
		begin := time.Now()
		p, err := spawn(ctx, address, rootEnv, "bin/atelier", "serve", "--listen", address, "--data-dir", filepath.Join(work, "start"+strconv.Itoa(i)), "--log-level", "error")
		if err != nil {
			return nil, 0, 0, err
		}
		resp, err := http.Get("http://" + address + "/_atelier/health")
		if err != nil {
			return nil, 0, 0, err
		}
		_ = resp.Body.Close()
		times = append(times, time.Since(begin))
		if i == 9 {
			time.Sleep(3 * time.Second)
			resident = status(p.Process.Pid, "VmRSS:") << 10
			own = status(p.Process.Pid, "RssAnon:") << 10
		}
		_ = p.Process.Signal(syscall.SIGTERM)
		if err := p.Wait(); err != nil {
			return nil, 0, 0, err
		}
	}
	return times, resident, own, nil
}
