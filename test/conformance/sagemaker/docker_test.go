//go:build docker

package sagemaker_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// daemon starts a Docker daemon for the test alone: it has no network, and touches none of the machine's.
func daemon(t *testing.T) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "dockerd")
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "s")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("dockerd", "--iptables=false", "--bridge=none", "--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"), "--host", "unix://"+socket)
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		t.Fatalf("there is no Docker daemon, install docker.io: %v", err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
		_ = os.RemoveAll(dir)
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			return socket
		}
		if time.Now().After(end) {
			b, _ := os.ReadFile(log.Name())
			t.Fatalf("the Docker daemon does not answer\n%s", b)
		}
	}
}

// TestDocker is TestPushed in containers of a Docker daemon. A server that is started again removes what the killed one left.
func TestDocker(t *testing.T) {
	socket := daemon(t)
	x := begin(t, "--compute", "unix://"+socket)
	pushed(x)
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) }}}
	containers := func() (ids []string) {
		answer, err := client.Get("http://docker/v1.41/containers/json?all=1")
		x.ok(err)
		defer func() { _ = answer.Body.Close() }()
		var list []struct{ ID string }
		x.ok(json.NewDecoder(answer.Body).Decode(&list))
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		return ids
	}
	before := containers()
	if len(before) != 6 { // three endpoints, each with a network
		t.Errorf("there are the containers %q", before)
	}
	x.s.Kill()
	again := harness.StartWith(t, harness.Options{DataDir: x.s.DataDir, Args: []string{"--compute", "unix://" + socket}})
	for _, id := range containers() {
		if slices.Contains(before, id) {
			t.Errorf("the container %s is left", id)
		}
	}
	if err := again.Stop(); err != nil {
		t.Error(err)
	}
	if left := containers(); len(left) > 0 {
		t.Errorf("the containers %q are left", left)
	}
}
