package hosting

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/engines/compute/process"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// TestMain is also the model server that the tests run in sandboxes.
func TestMain(m *testing.M) {
	if os.Getenv("MODEL_SERVER") != "" {
		serve()
	}
	os.Exit(m.Run())
}

// serve answers as its environment says: it says its NAME, its model's data, or does something bad.
func serve() {
	models := map[string]string{}
	var mu sync.Mutex
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		if os.Getenv("SICK") != "" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /invocations", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch string(body) {
		case "die":
			os.Exit(3)
		case "fail":
			http.Error(w, "bad input", http.StatusBadRequest)
			return
		case "slow":
			time.Sleep(200 * time.Millisecond)
		case "data":
			b, _ := os.ReadFile("/opt/ml/model/weights")
			_, _ = w.Write(b)
			return
		case "credentials":
			answer, err := http.Get(os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_, _ = io.Copy(w, answer.Body)
			return
		}
		fmt.Println("asked", string(body))
		w.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprintf(w, "%s(%s)", os.Getenv("NAME"), body)
	})
	mux.HandleFunc("POST /models", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Name string `json:"model_name"`
			URL  string `json:"url"`
		}
		_ = json.NewDecoder(r.Body).Decode(&in)
		mu.Lock()
		defer mu.Unlock()
		if len(models) >= 2 {
			w.WriteHeader(http.StatusInsufficientStorage)
			return
		}
		b, err := os.ReadFile(in.URL + "/weights")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		models[in.Name] = string(b)
	})
	mux.HandleFunc("DELETE /models/{name}", func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		delete(models, r.PathValue("name"))
	})
	mux.HandleFunc("POST /models/{name}/invoke", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprint(w, models[r.PathValue("name")], len(models))
	})
	panic(http.ListenAndServe("127.0.0.1:8080", mux))
}

// images has one image: this program.
type images struct{ path string }

func (i images) Program(_ context.Context, w container.Want) (container.Program, error) {
	if w.Image != "server" {
		return container.Program{}, errors.New("there is no such image")
	}
	return container.Program{Known: true, Spec: compute.Spec{Args: []string{"/server"}, Env: []string{"MODEL_SERVER=1"},
		Mounts: []compute.Mount{{Source: i.path, Target: "/server"}}}}, nil
}

type rig struct {
	*Fleet
	t   testing.TB
	env container.Environment
}

func newRig(t testing.TB, objects map[string][]byte) *rig {
	t.Helper()
	driver, err := process.New(process.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := New(Config{Driver: driver, Images: images{self}, Dir: t.TempDir(), Endpoint: http.NotFoundHandler(), Idle: 300 * time.Millisecond})
	t.Cleanup(func() { f.Close(); driver.Close() })
	return &rig{f, t, container.Environment{Region: "us-east-1",
		Credentials: func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "token", Expires: time.Now().Add(time.Hour)}, nil
		},
		Open: func(_ context.Context, uri string) (io.ReadCloser, string, error) {
			b, ok := objects[uri]
			if !ok {
				return nil, "", errors.New("no such key")
			}
			return io.NopCloser(bytes.NewReader(b)), "1", nil
		},
		List: func(_ context.Context, prefix string) (out []string, err error) {
			for k := range objects {
				if rest, ok := strings.CutPrefix(k, prefix); ok {
					out = append(out, rest)
				}
			}
			return out, nil
		},
		Log: func(string, string, string, string) {},
	}}
}

func (r *rig) one(name string, env map[string]string) Variant {
	e := map[string]string{"NAME": name}
	for k, v := range env {
		e[k] = v
	}
	return Variant{Name: name, Weight: 1, Count: 1, Startup: 20 * time.Second,
		Model: Model{Env: r.env, Containers: []Container{{Image: "server", Env: e}}}}
}

func (r *rig) deploy(variants ...Variant) {
	r.t.Helper()
	rollout, err := r.Prepare(r.t.Context(), "e", Spec{Name: "e", Variants: variants})
	if err != nil {
		r.t.Fatal(err)
	}
	rollout.Finish()
}

func (r *rig) ask(q Request) (string, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	a, err := r.Endpoint("e").Invoke(ctx, q)
	if err != nil {
		return "", err
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(a.Body)
	return string(b), err
}

func (r *rig) wants(q Request, want string) {
	r.t.Helper()
	if got, err := r.ask(q); err != nil || got != want {
		r.t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func archive(files map[string]string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
		_, _ = w.Write([]byte(text))
	}
	_ = w.Close()
	_ = z.Close()
	return b.Bytes()
}

func ask(text string) Request { return Request{Body: []byte(text)} }

func TestServe(t *testing.T) {
	r := newRig(t, map[string][]byte{"s3://b/model.tar.gz": archive(map[string]string{"weights": "42"})})
	v := r.one("a", nil)
	v.Model.Containers[0].Data = "s3://b/model.tar.gz"
	r.deploy(v)
	r.wants(ask("x"), "a(x)")
	r.wants(ask("data"), "42")
	if got, err := r.ask(ask("credentials")); err != nil || !strings.Contains(got, `"Token":"token"`) {
		t.Errorf("credentials: %q, %v", got, err)
	}
	r.wants(ask("fail"), "bad input\n")
	if _, err := r.ask(ask("die")); err == nil || err.Error() != "The model server closed the connection. It exited with code 3." {
		t.Errorf("a server that died: %v", err)
	}
	r.wants(ask("again"), "a(again)") // by another instance
	if _, err := r.ask(Request{Variant: "b"}); !errors.Is(err, ErrNoVariant) {
		t.Error(err)
	}
	if _, err := r.ask(Request{Model: "m"}); !errors.Is(err, ErrNoModel) {
		t.Error(err)
	}
	r.Remove("e")
	if r.Endpoint("e") != nil {
		t.Error("an endpoint that was removed is there")
	}
}

func TestFailures(t *testing.T) {
	r := newRig(t, map[string][]byte{"s3://b/bad.tar.gz": []byte("no archive"), "s3://b/evil.tar.gz": archive(map[string]string{"../evil": "x"})})
	f := func(want string, change func(*Variant)) {
		t.Helper()
		v := r.one("a", nil)
		v.Startup = 2 * time.Second
		change(&v)
		_, err := r.Prepare(t.Context(), "e", Spec{Variants: []Variant{v}})
		var start *StartError
		if !errors.As(err, &start) || !strings.Contains(start.Reason, want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f("did not pass the ping health check. Please check CloudWatch logs for this endpoint. It answered GET /ping with 500", func(v *Variant) {
		v.Model.Containers[0].Env["SICK"] = "1"
	})
	f("there is no such image", func(v *Variant) { v.Model.Containers[0].Image = "other" })
	f("no such key", func(v *Variant) { v.Model.Containers[0].Data = "s3://b/none" })
	f("is not a gzip archive", func(v *Variant) { v.Model.Containers[0].Data = "s3://b/bad.tar.gz" })
	f("leads out of the model's directory", func(v *Variant) { v.Model.Containers[0].Data = "s3://b/evil.tar.gz" })
}

func TestWeights(t *testing.T) {
	r := newRig(t, nil)
	a, b := r.one("a", nil), r.one("b", nil)
	a.Weight, b.Weight = 3, 1
	r.deploy(a, b)
	count := map[string]int{}
	for range 400 {
		got, err := r.ask(ask("x"))
		if err != nil {
			t.Fatal(err)
		}
		count[got]++
	}
	if n := count["a(x)"]; n < 260 || n > 340 || n+count["b(x)"] != 400 {
		t.Errorf("got %v", count)
	}
	r.wants(Request{Variant: "b", Body: []byte("y")}, "b(y)")
	a.Weight, a.Count = 0, 2
	if err := r.Scale(t.Context(), "e", Spec{Variants: []Variant{a, b}}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		r.wants(ask("z"), "b(z)")
	}
	if n := len(r.Endpoint("e").now.variants[0].ready); n != 2 {
		t.Errorf("%d instances", n)
	}
}

// TestUpdate changes what serves under load. Nobody notices but by the answer.
func TestUpdate(t *testing.T) {
	r := newRig(t, nil)
	r.deploy(r.one("a", nil))
	var asked, failed, fresh atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := r.ask(ask("x"))
				asked.Add(1)
				if err != nil || got != "a(x)" && got != "b(x)" {
					failed.Add(1)
					t.Errorf("got %q, %v", got, err)
					return
				}
				if got == "b(x)" {
					fresh.Add(1)
				}
			}
		})
	}
	rollout, err := r.Prepare(t.Context(), "e", Spec{Variants: []Variant{r.one("b", nil)}})
	if err != nil {
		t.Fatal(err)
	}
	rollout.Shift(0.5)
	for fresh.Load() < 50 {
		time.Sleep(time.Millisecond)
	}
	rollout.Finish()
	for n := asked.Load(); asked.Load() < n+500; {
		time.Sleep(time.Millisecond)
	}
	close(stop)
	all.Wait()
	r.wants(ask("x"), "b(x)")
}

func TestServerless(t *testing.T) {
	r := newRig(t, nil)
	v := r.one("s", nil)
	v.Count, v.Serverless = 0, &Serverless{Max: 2}
	r.deploy(v)
	if n := len(r.Endpoint("e").now.variants[0].ready); n != 0 {
		t.Errorf("%d instances before the first request", n)
	}
	r.wants(ask("x"), "s(x)")
	var all sync.WaitGroup
	var busy, fine atomic.Int64
	for range 6 {
		all.Go(func() {
			switch _, err := r.ask(ask("slow")); {
			case errors.Is(err, ErrBusy):
				busy.Add(1)
			case err == nil:
				fine.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if fine.Load() < 2 || busy.Load() == 0 {
		t.Errorf("%d answered, %d refused", fine.Load(), busy.Load())
	}
	variant := r.Endpoint("e").now.variants[0]
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		variant.mu.Lock()
		n := len(variant.ready)
		variant.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d instances are kept that nobody uses", n)
		}
	}
	r.wants(ask("x"), "s(x)")
}

func TestPipeline(t *testing.T) {
	r := newRig(t, nil)
	v := r.one("a", nil)
	v.Model.Containers = []Container{{Image: "server", Host: "one", Env: map[string]string{"NAME": "one"}},
		{Image: "server", Host: "two", Env: map[string]string{"NAME": "two"}}}
	r.deploy(v)
	r.wants(ask("x"), "two(one(x))")
	v.Model.Direct = true
	r.deploy(v)
	r.wants(Request{Container: "one", Body: []byte("x")}, "one(x)")
	if _, err := r.ask(ask("x")); !errors.Is(err, ErrNoContainer) {
		t.Error(err)
	}
}

func TestManyModels(t *testing.T) {
	objects := map[string][]byte{}
	for i := range 5 {
		objects[fmt.Sprintf("s3://b/models/m%d.tar.gz", i)] = archive(map[string]string{"weights": fmt.Sprintf("weights %d, ", i)})
	}
	r := newRig(t, objects)
	v := r.one("a", nil)
	v.Model.Containers[0].Data, v.Model.Containers[0].Multi = "s3://b/models/", true
	r.deploy(v)
	r.wants(Request{Model: "m0.tar.gz"}, "weights 0, 1")
	r.wants(Request{Model: "m1.tar.gz"}, "weights 1, 2")
	for i := range 5 { // two fit
		r.wants(Request{Model: fmt.Sprintf("m%d.tar.gz", i)}, fmt.Sprintf("weights %d, 2", i))
	}
	for _, name := range []string{"none.tar.gz", "../m0.tar.gz", "/m0.tar.gz", ""} {
		if got, err := r.ask(Request{Model: name}); !errors.Is(err, ErrNoModel) {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

// TestRolloutsLoseNothing asks from all sides while one generation after the other takes over: every request is answered, and soon.
func TestRolloutsLoseNothing(t *testing.T) {
	r := newRig(t, nil)
	r.deploy(r.one("0", nil))
	var stop atomic.Bool
	var asked atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for !stop.Load() {
				asked.Add(1)
				if got, err := r.ask(Request{Body: []byte("x")}); err != nil || !strings.HasSuffix(got, "(x)") {
					t.Errorf("got %q, %v", got, err)
					return
				}
			}
		})
	}
	for n := range 10 {
		r.deploy(r.one(fmt.Sprint(n+1), nil))
	}
	stop.Store(true)
	all.Wait()
	t.Logf("%d requests", asked.Load())
}

// TestEnded has who waits for an instance of a variant that is ended ask what came into its place.
func TestEnded(t *testing.T) {
	r := newRig(t, nil)
	none := r.one("a", nil)
	none.Count = 0
	r.deploy(none)
	waiting := make(chan string, 1)
	go func() {
		got, err := r.ask(Request{Body: []byte("x")})
		waiting <- fmt.Sprint(got, err)
	}()
	r.deploy(r.one("b", nil))
	if got := <-waiting; got != "b(x)<nil>" {
		t.Errorf("got %s", got)
	}
	r.Remove("e")
	if _, err := r.Prepare(t.Context(), "e", Spec{Name: "e", Variants: []Variant{none}}); err != nil {
		t.Fatal(err)
	}
	if r.Serves("e") {
		t.Error("what was only prepared serves")
	}
}

// TestFirst has a generation that came too late give way to the one that serves.
func TestFirst(t *testing.T) {
	r := newRig(t, nil)
	prepared := func(name string) *Rollout {
		t.Helper()
		rollout, err := r.Prepare(t.Context(), "e", Spec{Name: "e", Variants: []Variant{r.one(name, nil)}})
		if err != nil {
			t.Fatal(err)
		}
		return rollout
	}
	early, late := prepared("early"), prepared("late")
	early.First()
	late.First()
	r.wants(Request{Body: []byte("x")}, "early(x)")
}

// TestRemoved has a generation end whose endpoint was removed while it came.
func TestRemoved(t *testing.T) {
	f := func(end func(*Rollout)) {
		t.Helper()
		r := newRig(t, nil)
		rollout, err := r.Prepare(t.Context(), "e", Spec{Name: "e", Variants: []Variant{r.one("a", nil)}})
		if err != nil {
			t.Fatal(err)
		}
		r.Remove("e")
		end(rollout)
		v := rollout.g.variants[0]
		v.mu.Lock()
		defer v.mu.Unlock()
		if !v.over || r.Serves("e") {
			t.Error("an endpoint that was removed still has instances")
		}
	}
	f((*Rollout).First)
	f((*Rollout).Finish)
	f(func(r *Rollout) { r.Shift(0.5); r.Finish() })
}
