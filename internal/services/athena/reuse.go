package athena

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// reusable is a result that may be given again.
type reusable struct{ ID string }

// remember notes a result that may be given again.
func (s *Service) remember(tx *store.Tx, e *execution) error { return nil }

func (q *session) reuse(ctx context.Context) (bool, error) { return false, nil }

func (q *session) createTableAs(ctx context.Context, st statement.CreateTableAs) error {
	return notSupported("queries")
}
func (q *session) insert(ctx context.Context, st statement.Insert) error {
	return notSupported("queries")
}
func (q *session) unload(ctx context.Context, st statement.Unload) error {
	return notSupported("queries")
}
func (q *session) createView(ctx context.Context, st statement.CreateView) error {
	return notSupported("queries")
}
func (q *session) explain(ctx context.Context, st statement.Explain) ([]types.ColumnInfo, []string, error) {
	return nil, nil, notSupported("queries")
}
