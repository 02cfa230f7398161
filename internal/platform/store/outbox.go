package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// Pending is a job that was enqueued and not yet handed on.
type Pending struct {
	ID, Name string
	Input    json.RawMessage
}

// Outbox returns jobs that wait to be handed on, the oldest first, and a channel that is closed when there may be more.
// Only platform/jobs reads it.
func (s *Store) Outbox(ctx context.Context, limit int) ([]Pending, <-chan struct{}, error) {
	more := s.outbox.wait()
	var out []Pending
	err := s.View(ctx, func(tx *Tx) error {
		return tx.c.rows(`SELECT id, name, input FROM outbox ORDER BY written, id LIMIT ?`, []any{limit},
			func(scan func(...any) error) error {
				var p Pending
				var input []byte
				if err := scan(&p.ID, &p.Name, &input); err != nil {
					return err
				}
				p.Input = append(p.Input, input...)
				out = append(out, p)
				return nil
			})
	})
	if err != nil {
		return nil, more, fmt.Errorf("cannot read outbox: %w", err)
	}
	return out, more, nil
}

// HandedOn forgets jobs of the outbox: whoever runs them has them on disk.
func (s *Store) HandedOn(ctx context.Context, ids []string) error {
	return s.Update(ctx, func(tx *Tx) error {
		for _, id := range ids {
			if _, err := tx.c.change(`DELETE FROM outbox WHERE id = ?`, id); err != nil {
				return fmt.Errorf("cannot clear outbox: %w", err)
			}
		}
		return nil
	})
}
