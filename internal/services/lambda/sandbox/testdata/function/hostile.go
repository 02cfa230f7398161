package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

var kept [][]byte

// hostile does what a function should not be able to do.
func hostile(e event) (any, error) {
	switch e.Do {
	case "leak":
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			kept = append(kept, b)
		}
	case "spin":
		for {
		}
	case "fork":
		started := 0
		for {
			if err := exec.Command("/bin/sleep", "60").Start(); err != nil {
				return fmt.Sprint(started, " then ", err), nil
			}
			started++
		}
	case "fill":
		f, err := os.Create("/tmp/full")
		if err != nil {
			return nil, err
		}
		b := make([]byte, 1<<20)
		for n := 0; ; n++ {
			if _, err := f.Write(b); err != nil {
				_ = os.Remove(f.Name())
				return fmt.Sprint(n, " MB then ", err), nil
			}
		}
	case "exit":
		os.Exit(e.N)
	case "read":
		b, err := os.ReadFile(e.Name)
		return string(b), err
	case "dial":
		c, err := net.DialTimeout("tcp", e.Name, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return "connected", err
	case "kill":
		for pid := 1; pid < 5000; pid++ {
			if pid != os.Getpid() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return "killed", nil
	case "background":
		go func() {
			for i := 0; ; i++ {
				_ = os.WriteFile("/tmp/count", []byte(fmt.Sprint(i)), 0o600)
			}
		}()
		return "answered", nil
	}
	return nil, fmt.Errorf("cannot %s", e.Do)
}
