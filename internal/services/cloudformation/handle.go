package cloudformation

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	// site is the label under which what has an address of its own answers.
	site = "cloudformation"
	// maxAnswer is how long the answer of a custom resource may be, and what a wait condition is told.
	maxAnswer = 4096
	letters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// random is a word that nobody can guess when it is long.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// handle is an address that somebody outside answers to: the provider of a custom resource, or who signals a wait condition. Its key is of no
// account, and its id cannot be guessed.
type handle struct {
	Stack   store.Key
	Wait    bool // of a wait condition: it is told more than once
	Created time.Time
	Answer  json.RawMessage `json:",omitempty"`
	Token   string          `json:",omitempty"`
}

func handleKey(id string) store.Key { return store.Key{ID: id} }

func tokenKey(k store.Key, token string) store.Key { return at(k, "token/"+token) }

// handleFor is the handle of a step: the same when the step is repeated.
func (s *Service) handleFor(ctx context.Context, k store.Key, token string, wait bool) (id string, fresh bool, err error) {
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		h, err := s.handles.Get(tx, tokenKey(k, token))
		if err == nil {
			id = h.Token
			return nil
		}
		if !absent(err) {
			return err
		}
		id, fresh = random(40), true
		if err := s.handles.Put(tx, tokenKey(k, token), handle{Stack: k, Wait: wait, Created: s.Clock.Now(), Token: id}); err != nil {
			return err
		}
		return s.handles.Put(tx, handleKey(id), handle{Stack: k, Wait: wait, Created: s.Clock.Now(), Token: token})
	})
	return id, fresh, err
}

// handled reads the handle of a step; nil when there is none.
func (s *Service) handled(ctx context.Context, k store.Key, token string) (h *handle, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		t, err := s.handles.Get(tx, tokenKey(k, token))
		if err != nil {
			return err
		}
		v, err := s.handles.Get(tx, handleKey(t.Token))
		h = &v
		return err
	})
	if absent(err) {
		return nil, nil
	}
	return h, err
}

// forgetHandles removes those that were answered long ago, or never will be.
func (s *Service) forgetHandles(ctx context.Context) error {
	limit := s.Clock.Now().Add(-2 * maxPatience)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.handles.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		for _, r := range rows {
			if err == nil && !r.Value.Wait && r.Value.Created.Before(limit) {
				err = s.handles.Delete(tx, r.Key)
			}
		}
		return err
	})
}

// Sites are the addresses of handles.
func (s *Service) Sites() map[string]wire.Site { return map[string]wire.Site{site: s.answer} }

// answer takes what is put to a handle's address. Whoever knows the address may: that is what pre-signed addresses are.
func (s *Service) answer(id string, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPut {
		http.Error(w, "only PUT", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case err != nil:
		http.Error(w, "cannot read the body", http.StatusBadRequest)
		return
	case len(body) > maxAnswer || !json.Valid(body):
		body = []byte(`{"Status":"FAILED","Reason":"Response object is too long or no JSON."}`)
	}
	err = s.Store.Update(r.Context(), func(tx *store.Tx) error {
		h, err := s.handles.Get(tx, handleKey(id))
		if err != nil {
			return err
		}
		if h.Wait {
			return s.waved(tx, id, h, body)
		}
		if h.Answer != nil {
			return nil // the first counts
		}
		h.Answer = body
		return s.handles.Put(tx, handleKey(id), h)
	})
	switch {
	case absent(err):
		http.Error(w, "no such address", http.StatusNotFound)
	case err != nil:
		http.Error(w, "cannot keep the answer", http.StatusInternalServerError)
	}
}
