package app

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/atelier-studio/atelier/internal/cli"
	"github.com/atelier-studio/atelier/internal/platform/config"
)

func configure(dir string) Config {
	c := config.Default()
	c.Listen, c.DataDir = "127.0.0.1:0", dir
	return Config{Config: c, Version: "1.2.3", Logger: slog.New(slog.DiscardHandler)}
}

// start runs a server until stop is called, which gives what Serve returned.
func start(t *testing.T, cfg Config) (s *Server, stop func() error) {
	t.Helper()
	s, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- s.Serve(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("server ended: %v", err)
	}
	var result error
	ended := false
	stop = func() error {
		if !ended {
			cancel()
			result, ended = <-done, true
		}
		return result
	}
	t.Cleanup(func() { _ = stop() })
	return s, stop
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func client(s *Server) aws.Config {
	root, _ := s.Root()
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(s.URL()),
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, "")}
}

func TestServes(t *testing.T) {
	dir := t.TempDir()
	s, stop := start(t, configure(dir))
	status, body := get(t, s.URL()+"/_atelier/health")
	var health struct{ Status, Version string }
	if err := json.Unmarshal([]byte(body), &health); err != nil || status != 200 || health.Status != "ok" || health.Version != "1.2.3" {
		t.Errorf("health: %d %s %v", status, body, err)
	}
	if status, _ := get(t, s.URL()+"/_atelier/other"); status != http.StatusNotFound {
		t.Errorf("unknown page of our own: %d", status)
	}
	who, err := sts.NewFromConfig(client(s)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || !strings.HasSuffix(*who.Arn, ":root") {
		t.Fatalf("GetCallerIdentity: %+v %v", who, err)
	}
	if status, body := get(t, s.URL()+"/_atelier/metrics"); status != 200 || !strings.Contains(body, "GetCallerIdentity") {
		t.Errorf("metrics: %d, no call in them", status)
	}
	objects := awss3.NewFromConfig(client(s), func(o *awss3.Options) { o.UsePathStyle = true })
	if _, err := objects.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("kept")}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("kept"), Key: aws.String("_atelier/a"),
		Body: strings.NewReader("content")}); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	root, created := s.Root()
	if !created {
		t.Error("the first start did not say that it made the root key")
	}

	again, _ := start(t, configure(dir))
	if same, created := again.Root(); created || same.AccessKeyID != root.AccessKeyID {
		t.Errorf("second start: created %v, key %s, want %s", created, same.AccessKeyID, root.AccessKeyID)
	}
	objects = awss3.NewFromConfig(client(again), func(o *awss3.Options) { o.UsePathStyle = true })
	out, err := objects.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("kept"), Key: aws.String("_atelier/a")})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	if b, err := io.ReadAll(out.Body); err != nil || string(b) != "content" {
		t.Errorf("object after restart: %q %v", b, err)
	}
}

func TestEveryOperationFitsItsFacts(t *testing.T) {
	s, _ := start(t, configure(t.TempDir()))
	if err := s.Chain().Check(); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreForThisMachine(t *testing.T) {
	h := fromHere(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	f := func(remote string, want int) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/_atelier/metrics", nil)
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d, want %d", remote, w.Code, want)
		}
	}
	f("127.0.0.1:1", http.StatusOK)
	f("[::1]:1", http.StatusOK)
	f("192.0.2.1:1", http.StatusForbidden)
	f("[2001:db8::1]:1", http.StatusForbidden)
	f("", http.StatusForbidden)
}

func TestWontStart(t *testing.T) {
	f := func(cfg Config, want string) {
		t.Helper()
		s, err := New(t.Context(), cfg)
		if err == nil {
			_ = s.Close()
			t.Fatalf("started, want %q", want)
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %q, want one line with %q", err, want)
		}
	}
	dir := t.TempDir()
	running, stop := start(t, configure(dir))
	f(configure(dir), "another server is using it")

	taken := configure(t.TempDir())
	taken.Listen = strings.TrimPrefix(running.URL(), "http://")
	f(taken, "address already in use; choose another port with --listen")
	if files, err := os.ReadDir(taken.DataDir); err != nil || len(files) != 0 {
		t.Errorf("a server without a port wrote %v (%v)", files, err)
	}
	taken.Listen, taken.S3Listen = "127.0.0.1:0", taken.Listen
	f(taken, "address already in use; choose another port with --s3-listen")
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f(configure(filepath.Join(file, "data")), "not a directory; choose another with --data-dir")
	f(configure(""), "data-dir must name a directory")

	db, err := sql.Open("sqlite", filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE schema_version SET version = 1000000`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f(configure(dir), "a newer version of atelier wrote it")
}

func TestFixedRootKey(t *testing.T) {
	cfg := configure(t.TempDir())
	cfg.RootAccessKeyID, cfg.RootSecretAccessKey = "AKIAIOSFODNN7EXAMPLE", "a secret of the test, long enough"
	s, _ := start(t, cfg)
	if _, err := sts.NewFromConfig(client(s)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Error(err)
	}
	if root, _ := s.Root(); root.AccessKeyID != cfg.RootAccessKeyID {
		t.Errorf("root key is %s", root.AccessKeyID)
	}
}

func TestURLOfEveryAddress(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := (&Server{listener: l}).URL(); !strings.HasPrefix(got, "http://127.0.0.1:") {
		t.Errorf("got %s", got)
	}
}

func TestAccountCommands(t *testing.T) {
	dir := t.TempDir()
	s, _ := start(t, configure(dir))
	if err := s.Note(); err != nil {
		t.Fatal(err)
	}
	run := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		env := cli.Environment{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Version: "1.2.3"}
		if code := cli.Run(t.Context(), env, append(args, "--data-dir", dir)); code != want {
			t.Fatalf("%v: exit %d, want %d: %s", args, code, want, errs.String())
		}
		if want != 0 {
			return errs.String()
		}
		return out.String()
	}
	id := strings.TrimSpace(run(0, "account", "create", "producer", "--email", "producer@example.com"))
	if len(id) != 12 {
		t.Fatalf("account id %q", id)
	}
	if list := run(0, "account", "list"); !strings.Contains(list, id) || !strings.Contains(list, "producer@example.com") {
		t.Errorf("list:\n%s", list)
	}
	var accounts []struct{ Id, Name string }
	if err := json.Unmarshal([]byte(run(0, "account", "list", "--json")), &accounts); err != nil || len(accounts) != 2 {
		t.Errorf("list --json: %v %v", accounts, err)
	}
	if text := run(1, "account", "create", "twin", "--email", "producer@example.com"); strings.Count(text, "\n") != 1 {
		t.Errorf("want one line, got %q", text)
	}
}
