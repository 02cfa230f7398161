package hosting

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// models are those of a multi-model container: brought when they are asked for, put out when memory or disk is short.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html
type models struct {
	c    *server
	env  container.Environment
	tell func(name string, value float64)
	dir  string
	cold bool

	mu     sync.Mutex
	loaded map[string]*loadedModel // by name
	used   *list.List              // of *loadedModel, the latest first
	count  int                     // of loads, so that each has a directory of its own
}

type loadedModel struct {
	name, id string
	ready    chan struct{} // closed when err is set
	err      error
	busy     int
	at       *list.Element
}

// maxModels is how many lie on an instance's disk at most.
const maxModels = 1000

func newModels(c *server, env container.Environment, dir string, cold bool, tell func(name string, value float64)) *models {
	return &models{c: c, env: env, tell: tell, dir: dir, cold: cold, loaded: map[string]*loadedModel{}, used: list.New()}
}

// load sees that a model is loaded and stays so until done is called. id names it to the container.
func (m *models) load(ctx context.Context, name string) (id string, done func(), err error) {
	if name == "" || !filepath.IsLocal(name) {
		return "", nil, ErrNoModel
	}
	begun := time.Now()
	m.mu.Lock()
	l := m.loaded[name]
	hit := l != nil
	if !hit {
		m.count++
		sum := sha256.Sum256(fmt.Append(nil, m.count, name))
		l = &loadedModel{name: name, id: hex.EncodeToString(sum[:16]), ready: make(chan struct{})}
		l.at = m.used.PushFront(l)
		m.loaded[name] = l
		go func() {
			if l.err = m.bring(context.WithoutCancel(ctx), l); l.err != nil {
				m.forget(l)
			}
			close(l.ready)
			m.counted()
		}()
	}
	l.busy++
	m.used.MoveToFront(l.at)
	m.mu.Unlock()
	done = sync.OnceFunc(func() { m.release(l) })
	select {
	case <-ctx.Done():
		done()
		return "", nil, ctx.Err()
	case <-l.ready:
	}
	if l.err != nil {
		done()
		return "", nil, l.err
	}
	if hit {
		m.tell("ModelCacheHit", 1)
	} else {
		m.tell("ModelCacheHit", 0)
		m.tell("ModelLoadingWaitTime", micros(begun))
	}
	return l.id, done, nil
}

// counted tells how many models are loaded.
func (m *models) counted() {
	m.mu.Lock()
	n := 0
	for _, l := range m.loaded {
		select {
		case <-l.ready:
			n++
		default: // on its way
		}
	}
	m.mu.Unlock()
	m.tell("LoadedModelCount", float64(n))
}

func micros(since time.Time) float64 { return float64(time.Since(since).Microseconds()) }

func (m *models) release(l *loadedModel) {
	m.mu.Lock()
	l.busy--
	put := m.cold && l.busy == 0 && m.loaded[l.name] == l
	m.mu.Unlock()
	if put {
		go func() { _ = m.unload(context.Background(), l) }()
	}
}

func (m *models) forget(l *loadedModel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.loaded[l.name] == l {
		delete(m.loaded, l.name)
		m.used.Remove(l.at)
	}
	_ = os.RemoveAll(filepath.Join(m.dir, l.id))
}

// bring fetches a model's archive and has the container load it; when there is no room, others go first.
func (m *models) bring(ctx context.Context, l *loadedModel) error {
	if err := m.room(ctx); err != nil {
		return err
	}
	begun := time.Now()
	body, _, err := m.env.Open(ctx, m.c.Data+l.name)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrNoModel, err)
	}
	dir := filepath.Join(m.dir, l.id, "model")
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = container.Unpack(ctx, body, dir)
	}
	if err := errors.Join(err, body.Close()); err != nil {
		return &StartError{fmt.Sprintf("Model %s %v", l.name, err)}
	}
	m.tell("ModelDownloadingTime", micros(begun))
	for {
		begun := time.Now()
		status, answer, err := m.call(ctx, http.MethodPost, "/models", map[string]string{"model_name": l.id, "url": "/opt/ml/models/" + l.id + "/model"})
		switch {
		case err != nil:
			return err
		case status == http.StatusInsufficientStorage:
			if out, err := m.evict(ctx); err != nil || !out {
				return &StartError{"There is not enough memory to load the model " + l.name + "."}
			}
		case status == http.StatusConflict || status < 300:
			m.tell("ModelLoadingTime", micros(begun))
			return nil
		default:
			return &StartError{fmt.Sprintf("Loading the model %s failed with status %d: %s", l.name, status, answer)}
		}
	}
}

// room sees that not too many models lie on the disk.
func (m *models) room(ctx context.Context) error {
	m.mu.Lock()
	full := len(m.loaded) > maxModels
	m.mu.Unlock()
	if full {
		_, err := m.evict(ctx)
		return err
	}
	return nil
}

// evict puts out the model that nobody has used for longest. out is false when all are in use.
func (m *models) evict(ctx context.Context) (out bool, err error) {
	m.mu.Lock()
	var victim *loadedModel
	for at := m.used.Back(); at != nil && victim == nil; at = at.Prev() {
		l := at.Value.(*loadedModel)
		select {
		case <-l.ready:
			if l.busy == 0 && l.err == nil {
				victim = l
			}
		default: // on its way
		}
	}
	m.mu.Unlock()
	if victim == nil {
		return false, nil
	}
	return true, m.unload(ctx, victim)
}

func (m *models) unload(ctx context.Context, l *loadedModel) error {
	m.mu.Lock()
	if l.busy > 0 || m.loaded[l.name] != l {
		m.mu.Unlock()
		return nil
	}
	delete(m.loaded, l.name)
	m.used.Remove(l.at)
	m.mu.Unlock()
	begun := time.Now()
	_, _, err := m.call(ctx, http.MethodDelete, "/models/"+l.id, nil)
	m.tell("ModelUnloadingTime", micros(begun))
	m.counted()
	_ = os.RemoveAll(filepath.Join(m.dir, l.id))
	return err
}

func (m *models) call(ctx context.Context, method, path string, in any) (status int, answer string, err error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, "", err
		}
		body = bytes.NewReader(b)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url(path), body)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := m.c.client.Do(r)
	if err != nil {
		return 0, "", m.c.broken()
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(a.Body, 1024))
	return a.StatusCode, string(b), err
}
