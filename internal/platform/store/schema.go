package store

import (
	"context"
	"fmt"
)

// Every resource is a row of one table: a new kind of resource needs no migration, and starting needs no DDL.
// WITHOUT ROWID keeps a row in the tree of its key, which is the order it is listed in.
var sqliteSchema = []string{`
CREATE TABLE resources (
  kind TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (kind, account, region, id)
) WITHOUT ROWID;
CREATE TABLE resource_index (
  kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (kind, name, value, id, account, region)
) WITHOUT ROWID;
CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, written INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE subscribers (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (id TEXT PRIMARY KEY, written INTEGER NOT NULL, name TEXT NOT NULL, input TEXT NOT NULL) WITHOUT ROWID;
`}

// Ids are compared by bytes as SQLite does, whatever the database's own collation is.
var postgresSchema = []string{`
CREATE TABLE resources (
  kind TEXT COLLATE "C" NOT NULL, account TEXT COLLATE "C" NOT NULL, region TEXT COLLATE "C" NOT NULL,
  id TEXT COLLATE "C" NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (kind, account, region, id)
);
CREATE TABLE resource_index (
  kind TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, value TEXT COLLATE "C" NOT NULL,
  account TEXT COLLATE "C" NOT NULL, region TEXT COLLATE "C" NOT NULL, id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (kind, name, value, id, account, region)
);
CREATE TABLE events (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, written BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE subscribers (name TEXT COLLATE "C" PRIMARY KEY, seq BIGINT NOT NULL);
CREATE TABLE outbox (id TEXT COLLATE "C" PRIMARY KEY, written BIGINT NOT NULL, name TEXT NOT NULL, input TEXT NOT NULL);
`}

// migrate brings the schema to the newest version in one transaction.
func migrate(ctx context.Context, c *conn) error {
	if _, err := c.raw.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)`); err != nil {
		return fmt.Errorf("cannot create schema: %w", err)
	}
	var have int
	found, err := c.row(`SELECT version FROM schema_version`, nil, &have)
	if err != nil {
		return fmt.Errorf("cannot read schema version: %w", err)
	}
	want := len(c.dialect.schema)
	if have > want {
		return fmt.Errorf("cannot open schema version %d with this program, which knows %d: %w", have, want, ErrNewerSchema)
	}
	if have == want {
		return nil
	}
	if err := c.exec(c.dialect.beginWrite); err != nil {
		return fmt.Errorf("cannot begin migration: %w", err)
	}
	defer func() { _ = c.exec("ROLLBACK") }() // fails after the commit, as it should
	for v := have; v < want; v++ {
		if _, err := c.raw.ExecContext(ctx, c.dialect.schema[v]); err != nil {
			return fmt.Errorf("cannot migrate schema to version %d: %w", v+1, err)
		}
	}
	query := `UPDATE schema_version SET version = ?`
	if !found {
		query = `INSERT INTO schema_version (version) VALUES (?)`
	}
	if _, err := c.change(query, want); err != nil {
		return fmt.Errorf("cannot write schema version: %w", err)
	}
	return c.exec("COMMIT")
}
