package store

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"time"

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

// claimKey is the advisory lock that a server holds on its PostgreSQL database, and claimWait how long another waits for it:
// PostgreSQL takes a moment to see that a server was killed.
const (
	claimKey  = 0x6174656c696572
	claimWait = 3 * time.Second
)

func postgresDialect(source string) dialect {
	return dialect{
		driver: "pgx", source: source, numbered: true,
		beginRead:  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		beginWrite: "BEGIN",
		readers:    max(8, 4*runtime.GOMAXPROCS(0)),
		schema:     postgresSchema,
		claim: func(ctx context.Context, c *conn) error {
			for end := time.Now().Add(claimWait); ; {
				var got bool
				if _, err := c.row(`SELECT pg_try_advisory_lock(?)`, []any{int64(claimKey)}, &got); err != nil {
					return fmt.Errorf("cannot lock database: %w", err)
				}
				if got {
					return nil
				}
				if time.Now().After(end) {
					return fmt.Errorf("cannot open database: %w", ErrLocked)
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(50 * time.Millisecond):
				}
			}
		},
	}
}
