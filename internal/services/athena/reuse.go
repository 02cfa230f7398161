package athena

import (
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// reusable is a result that may be given again.
type reusable struct{ ID string }

// remember notes a result that may be given again.
func (s *Service) remember(tx *store.Tx, e *execution) error { return nil }
