package iceberg

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// ErrConflict tells that a table has changed since it was read.
var ErrConflict = errors.New("the table was changed by somebody else")

// Catalog knows which metadata of one table is the current one.
type Catalog interface {
	// Current gives the location of the current metadata.
	Current(ctx context.Context) (string, error)
	// Commit makes the metadata at another location the current one. When from isn't current any more it is ErrConflict.
	Commit(ctx context.Context, from, to string, now table.Metadata) error
}

// commits is a Catalog as iceberg-go takes it.
type commits struct {
	catalog Catalog
	objects Objects
}

// Metadata is all that a table's metadata file says.
type Metadata = table.Metadata

func (c commits) fs(ctx context.Context) (iceio.IO, error) { return files{ctx, c.objects}, nil }

// LoadTable reads the table as it is now.
func (c commits) LoadTable(ctx context.Context, name table.Identifier) (*table.Table, error) {
	location, err := c.catalog.Current(ctx)
	if err != nil {
		return nil, err
	}
	return table.NewFromLocation(ctx, name, location, c.fs, c)
}

// CommitTable changes the table when it meets the requirements.
func (c commits) CommitTable(ctx context.Context, name table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	now, err := c.LoadTable(ctx, name)
	if err != nil {
		return nil, "", err
	}
	for _, r := range reqs {
		if err := r.Validate(now.Metadata()); err != nil {
			return nil, "", fmt.Errorf("%w: %w: %w", table.ErrCommitFailed, ErrConflict, err)
		}
	}
	next, err := table.UpdateTableMetadata(now.Metadata(), updates, now.MetadataLocation())
	if err != nil {
		return nil, "", err
	}
	location, err := nextLocation(next, now.MetadataLocation())
	if err != nil {
		return nil, "", err
	}
	if err := writeMetadata(files{ctx, c.objects}, location, next); err != nil {
		return nil, "", err
	}
	err = c.catalog.Commit(ctx, now.MetadataLocation(), location, next)
	if errors.Is(err, ErrConflict) {
		_ = c.objects.Remove(ctx, location)
		err = fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	}
	return next, location, err
}

// nextLocation is where the metadata after the one at a location goes.
func nextLocation(m table.Metadata, after string) (string, error) {
	version := 0
	if after != "" {
		number, _, _ := strings.Cut(strings.TrimPrefix(path.Base(after), "v"), "-")
		if n, err := strconv.Atoi(number); err == nil && n >= 0 {
			version = n + 1
		}
	}
	p, err := table.LoadLocationProvider(m.Location(), m.Properties())
	if err != nil {
		return "", err
	}
	return p.NewTableMetadataFileLocation(version)
}

// writeMetadata writes a metadata file, compressed when its name says so.
func writeMetadata(f files, location string, m table.Metadata) error {
	w, err := f.Create(location)
	if err != nil {
		return err
	}
	var out io.Writer = w
	var z *gzip.Writer
	switch {
	case strings.HasSuffix(location, ".gz.metadata.json"):
		z = gzip.NewWriter(w)
		out = z
	case strings.HasSuffix(location, ".zstd.metadata.json"):
		err = errors.New("metadata compressed by zstd cannot be written")
	}
	if err == nil {
		err = json.NewEncoder(out).Encode(m)
	}
	if z != nil && err == nil {
		err = z.Close()
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("cannot write metadata: %w", err)
	}
	return nil
}
