package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// TokenLife is how long a client token makes two calls the same one.
const TokenLife = 24 * time.Hour

// ErrTokenReused is a client token that came before with another request. Services answer it in their own words.
var ErrTokenReused = errors.New("client token was used with other parameters")

// Tokens remembers the client tokens of calls, so that a call that is repeated is done once.
type Tokens struct {
	table *store.Table[answered]
	store *store.Store
	clock clock.Clock
}

// answered is a call that was done.
type answered struct {
	Input  string // hash
	Output json.RawMessage
	Time   time.Time
}

// NewTokens opens the memory of client tokens in st.
func NewTokens(st *store.Store, c clock.Clock) *Tokens {
	return &Tokens{table: store.NewTable[answered](st, "wire_token"), store: st, clock: c}
}

// Once runs f in tx, unless the caller's account made the same call with the same token within TokenLife: then it answers
// what was answered then. in is the call's whole input. Without a token f is always run. The output has to survive JSON.
func Once[O any](ctx context.Context, t *Tokens, tx *store.Tx, token *string, in any, f func() (*O, error)) (*O, error) {
	if token == nil || *token == "" {
		return f()
	}
	input, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("cannot remember client token: %w", err)
	}
	sum := sha256.Sum256(input)
	hash := hex.EncodeToString(sum[:])
	c := CallOf(ctx)
	key := store.Key{Account: c.Account(), Region: c.Region, ID: c.Service + "/" + c.Operation + "/" + *token}
	now := t.clock.Now()
	before, err := t.table.Get(tx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, err
	case now.Sub(before.Time) < TokenLife:
		if before.Input != hash {
			return nil, ErrTokenReused
		}
		out := new(O)
		return out, json.Unmarshal(before.Output, out)
	}
	out, err := f()
	if err != nil {
		return nil, err
	}
	output, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("cannot remember client token: %w", err)
	}
	return out, t.table.Put(tx, key, answered{hash, output, now})
}

// Expire forgets tokens that are past their life, and tells how many there were.
func (t *Tokens) Expire(ctx context.Context) (n int, err error) {
	const batch = 500
	limit := t.clock.Now().Add(-TokenLife)
	for after := ""; ; {
		var rows []store.Row[answered]
		if err := t.store.View(ctx, func(tx *store.Tx) error {
			rows, err = t.table.List(tx, store.Range{AllAccounts: true, AllRegions: true, After: after, Limit: batch})
			return err
		}); err != nil || len(rows) == 0 {
			return n, err
		}
		after = rows[len(rows)-1].Key.ID
		err := t.store.Update(ctx, func(tx *store.Tx) error {
			for _, r := range rows {
				if r.Value.Time.After(limit) {
					continue
				}
				if err := t.table.Delete(tx, r.Key); err == nil {
					n++
				} else if !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
	}
}
