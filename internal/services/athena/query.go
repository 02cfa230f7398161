package athena

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// trimmed is a query without the blanks that keep it in its place.
func trimmed(query string) string { return strings.TrimSpace(query) }

func (q *session) query(ctx context.Context, st statement.Query) error { return notSupported("queries") }
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
