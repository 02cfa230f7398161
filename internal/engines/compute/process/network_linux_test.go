package process

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

func TestNetwork(t *testing.T) {
	d := driver(t)
	spec := compute.Spec{Listeners: []compute.Listener{{Port: 9001, Serve: func(l net.Listener) {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "from the server\n") }))
	}}}}
	const get = "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:9001\").read().decode())'"
	for range 2 { // the same port in every sandbox
		if got, _ := run(t, d, spec, get); got != "from the server\n\n" {
			t.Errorf("got %q", got)
		}
	}
	p, out := start(t, d, compute.Spec{}, "cd /tmp; echo served > x; exec python3 -m http.server 8080 --bind 127.0.0.1")
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return p.Dial(ctx, 8080) }}}
	eventually(t, "an answer", func() bool {
		r, err := client.Get("http://inside/x")
		if err != nil {
			return false
		}
		defer func() { _ = r.Body.Close() }()
		b, _ := io.ReadAll(r.Body)
		return string(b) == "served\n"
	})
	if _, err := p.Dial(t.Context(), 1234); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("a port that nobody serves: %v", err)
	}
	p.Terminate(t.Context(), 5*time.Second)
	if p.Exit().Signal != "terminated" {
		t.Errorf("%+v\n%s", p.Exit(), out)
	}
}

func TestHostNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	dial := fmt.Sprintf("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", %d), 1)'", l.Addr().(*net.TCPAddr).Port)
	d := driver(t)
	if got, exit := run(t, d, compute.Spec{Network: compute.Host}, dial); exit.Code != 0 {
		t.Errorf("the machine's network was not reached: %s", got)
	}
	if _, exit := run(t, d, compute.Spec{}, dial); exit.Code == 0 {
		t.Error("the machine's network was reached from an isolated program")
	}
}
