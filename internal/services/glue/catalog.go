package glue

import (
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// hasCatalog checks that the catalog is there in which something is to be made.
func (s *Service) hasCatalog(tx *store.Tx, r governance.Resource) error { return nil }
