package hosting

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// fetch lays the data of a container into dir.
func fetch(ctx context.Context, e container.Environment, c Container, dir string) error {
	switch {
	case c.Data == "" || c.Multi:
		return nil
	case c.Plain && strings.HasSuffix(c.Data, "/"):
		return e.Mirror(ctx, c.Data, dir)
	case c.Plain:
		return e.Fetch(ctx, c.Data, filepath.Join(dir, filepath.Base(c.Data)))
	}
	return e.Unpack(ctx, c.Data, dir)
}
