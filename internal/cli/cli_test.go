package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/config"
	"github.com/atelier-studio/atelier/internal/platform/credfile"
)

type result struct {
	code     int
	out, err string
	served   *config.Config
}

func run(t *testing.T, vars map[string]string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	r := result{}
	r.code = Run(t.Context(), Environment{Stdout: &out, Stderr: &errs, Version: "1.2.3",
		Getenv: func(name string) string { return vars[name] },
		Serve: func(_ context.Context, c config.Config, _ Environment) error {
			r.served = &c
			if c.Region == "nowhere" {
				return errors.New("cannot serve: no such place")
			}
			return nil
		}}, args)
	r.out, r.err = out.String(), errs.String()
	return r
}

func TestServeIsToldWhatWasSet(t *testing.T) {
	r := run(t, map[string]string{"ATELIER_DATA_DIR": "/env", "ATELIER_REGION": "eu-west-1"}, "serve", "--region", "eu-west-2", "--domains", "a.test,b.test")
	if r.code != 0 || r.served == nil {
		t.Fatalf("%+v", r)
	}
	if c := r.served; c.DataDir != "/env" || c.Region != "eu-west-2" || len(c.Domains) != 2 || c.Listen != "127.0.0.1:4566" {
		t.Errorf("got %+v", c)
	}
}

func TestFailuresAreOneLine(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		r := run(t, nil, args...)
		if r.code != 1 || r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.HasPrefix(r.err, "atelier: ") || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v, want one line with %q", args, r, want)
		}
	}
	dir := t.TempDir()
	f("no such place", "serve", "--region", "nowhere")
	f("log-level must be", "serve", "--log-level", "loud")
	f("unknown flag", "serve", "--colour", "blue")
	f("unknown command", "dance")
	f("start one with atelier serve", "env", "--data-dir", dir)
	f("start one with atelier serve", "account", "list", "--data-dir", dir)
	f("accepts 1 arg", "account", "create")
}

func TestEnv(t *testing.T) {
	dir := t.TempDir()
	if err := credfile.PutEndpoints(dir, credfile.Endpoints{Endpoint: "http://127.0.0.1:1", EndpointS3: "http://127.0.0.1:2", Region: "eu-west-1"}); err != nil {
		t.Fatal(err)
	}
	if err := credfile.Put(credfile.Path(dir), credfile.Profile{Name: credfile.Default, AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "it's/secret"}); err != nil {
		t.Fatal(err)
	}
	r := run(t, map[string]string{"ATELIER_DATA_DIR": dir}, "env")
	for _, want := range []string{
		"export AWS_ENDPOINT_URL='http://127.0.0.1:1'\n", "export AWS_ENDPOINT_URL_S3='http://127.0.0.1:2'\n", "export AWS_REGION='eu-west-1'\n",
		"export AWS_ACCESS_KEY_ID='AKIAIOSFODNN7EXAMPLE'\n", `export AWS_SECRET_ACCESS_KEY='it'\''s/secret'` + "\n", "unset AWS_SESSION_TOKEN",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in\n%s%s", want, r.out, r.err)
		}
	}
	var m map[string]string
	if err := json.Unmarshal([]byte(run(t, nil, "env", "--json", "--data-dir", dir).out), &m); err != nil || m["AWS_SECRET_ACCESS_KEY"] != "it's/secret" {
		t.Errorf("json: %v %v", m, err)
	}
	if r := run(t, nil, "env", "--data-dir", dir, "--profile", "nobody"); r.code != 1 {
		t.Errorf("an unknown profile: %+v", r)
	}
}

func TestVersion(t *testing.T) {
	if r := run(t, nil, "version"); r.code != 0 || !strings.HasPrefix(r.out, "atelier 1.2.3 go") {
		t.Errorf("%+v", r)
	}
}
