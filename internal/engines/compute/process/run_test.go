package process

import (
	"bytes"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

func driver(t testing.TB) *Driver {
	t.Helper()
	if missing := Probe().Missing(); missing != "" {
		t.Logf("this machine: %s", missing)
	}
	d, err := New(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// run runs a shell script to its end.
func run(t testing.TB, d *Driver, spec compute.Spec, script string) (string, compute.Exit) {
	t.Helper()
	var out bytes.Buffer
	spec.Args = []string{"/bin/sh", "-c", script}
	spec.Env = append(spec.Env, "PATH=/usr/bin:/bin")
	spec.Stdout, spec.Stderr = &out, &out
	p, err := d.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(20 * time.Second):
		p.Kill()
		<-p.Done()
		t.Fatalf("%q did not end; it wrote:\n%s", script, out.String())
	}
	return out.String(), p.Exit()
}

func TestFirst(t *testing.T) {
	d := driver(t)
	begin := time.Now()
	out, exit := run(t, d, compute.Spec{Name: "x"}, "id; ls -la / /etc /dev /proc/1; cat /proc/self/status /proc/mounts; ip addr; hostname; exit 3")
	t.Log(time.Since(begin), exit)
	t.Log(out)
}
