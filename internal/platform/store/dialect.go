package store

import (
	"context"
	"fmt"
	"net/url"
	"runtime"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	_ "modernc.org/sqlite"             // the "sqlite" driver
)

// dialect is what differs between the two databases.
type dialect struct {
	driver, source        string
	numbered              bool // parameters are $1, $2, …
	beginRead, beginWrite string
	readers               int
	schema                []string // one entry per version
	claim                 func(ctx context.Context, c *conn) error
}

func sqliteDialect(path string) dialect {
	q := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
		"temp_store(MEMORY)", "mmap_size(268435456)", "cache_size(-8000)"}}
	return dialect{
		driver: "sqlite", source: (&url.URL{Scheme: "file", Opaque: escapePath(path), RawQuery: q.Encode()}).String(),
		beginRead: "BEGIN", beginWrite: "BEGIN IMMEDIATE",
		readers: max(4, 2*runtime.GOMAXPROCS(0)),
		schema:  sqliteSchema,
		claim:   func(context.Context, *conn) error { return nil }, // the directory is locked
	}
}

// escapePath keeps "?" and "#" in a directory's name from ending the path of the URI.
func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// claimKey is the advisory lock that a server holds on its PostgreSQL database.
const claimKey = 0x6174656c696572

func postgresDialect(source string) dialect {
	return dialect{
		driver: "pgx", source: source, numbered: true,
		beginRead:  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		beginWrite: "BEGIN",
		readers:    max(8, 4*runtime.GOMAXPROCS(0)),
		schema:     postgresSchema,
		claim: func(_ context.Context, c *conn) error {
			var got bool
			if _, err := c.row(`SELECT pg_try_advisory_lock(?)`, []any{int64(claimKey)}, &got); err != nil {
				return fmt.Errorf("cannot lock database: %w", err)
			}
			if !got {
				return fmt.Errorf("cannot open database: %w", ErrLocked)
			}
			return nil
		},
	}
}
