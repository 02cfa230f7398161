package duckdb

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// query is one statement on its way: an instance, and what was bound in it.
type query struct {
	in     *instance
	kept   *kept
	r      sql.Request
	limits sql.Limits
	dir    string
	bound  []*bound
	byUse  map[string]*bound
	stats  sql.Stats
	staged int
	open   []string // files that the user's statement reads itself
	st     *dialect.Statement
}

// Query implements sql.Engine.
func (e *Engine) Query(ctx context.Context, r sql.Request) (sql.Rows, error) {
	q, release, ctx, err := e.start(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := q.run(ctx)
	if err != nil {
		release()
		return nil, err
	}
	rows.release = release
	return rows, nil
}

// start waits for memory and takes an instance. release gives all back.
func (e *Engine) start(ctx context.Context, r sql.Request) (*query, func(), context.Context, error) {
	if err := e.begin(); err != nil {
		return nil, nil, nil, err
	}
	l := e.limits(r.Limits)
	ctx, cancel := context.WithTimeout(ctx, l.Time)
	unhook := context.AfterFunc(e.ctx, cancel)
	undo := func() {
		unhook()
		cancel()
		e.running.Done()
	}
	if err := e.pool.take(ctx, l.Memory); err != nil {
		undo()
		return nil, nil, nil, cancelled(err)
	}
	in, err := e.take(l)
	if err != nil {
		e.pool.give(l.Memory)
		undo()
		return nil, nil, nil, sql.AsError(err)
	}
	q := &query{in: in, kept: e.kept, r: r, limits: l, dir: in.dir, byUse: map[string]*bound{}}
	release := func() {
		in.close()
		_ = os.RemoveAll(q.dir)
		e.pool.give(l.Memory)
		undo()
	}
	return q, release, ctx, nil
}

func (q *query) run(ctx context.Context) (*rows, error) {
	begin := time.Now()
	if err := q.plan(ctx); err != nil {
		return nil, err
	}
	q.stats.Planned = time.Since(begin)
	begin = time.Now()
	res, err := q.in.query(ctx, q.st.SQL)
	if err != nil {
		return nil, explain(err, q.st)
	}
	q.stats.Executed = time.Since(begin)
	out := newRows(res, q.columns())
	out.stats = q.stats
	return out, nil
}

// columns are those of the result.
func (q *query) columns() []sql.ResultColumn {
	cols := make([]sql.ResultColumn, len(q.st.Columns))
	for i, c := range q.st.Columns {
		cols[i] = sql.ResultColumn{Name: c.Name, Type: c.Type}
	}
	return cols
}

// plan goes through the first phase: it leaves an instance that holds what the statement may see, and is locked.
func (q *query) plan(ctx context.Context) error {
	st, err := q.translate(ctx)
	if err != nil {
		return sql.AsError(err)
	}
	q.note(st)
	if err := os.MkdirAll(q.dir, 0o700); err != nil {
		return sql.AsError(err)
	}
	for _, b := range q.bound {
		if err := q.bind(ctx, b); err != nil {
			return explain(err, nil)
		}
	}
	if err := q.check(ctx, st.SQL); err != nil {
		return err
	}
	if err := q.lock(ctx, st.SQL); err != nil {
		return explain(err, nil)
	}
	q.st = st
	return nil
}

func (q *query) translate(ctx context.Context) (*dialect.Statement, error) {
	return dialect.Translate(q.r.SQL, dialect.Options{
		Catalog: q.r.Session.Catalog, Database: q.r.Session.Database, User: q.r.Session.User,
		Params: q.r.Params, Lookup: q.lookup(ctx, q.r.Tables, 0),
	})
}

// lock ends the phase of our own statements.
func (q *query) lock(ctx context.Context, text string) error {
	stmts := dialect.Macros(text)
	paths := make([]string, len(q.open))
	for i, p := range q.open {
		paths[i] = literal(p)
	}
	stmts = append(stmts,
		"SET preserve_insertion_order = true",
		"SET allowed_paths = ["+strings.Join(paths, ", ")+"]",
		"SET enable_external_access = false",
		"SET lock_configuration = true")
	return q.in.exec(ctx, strings.Join(stmts, "; "))
}

// literal is a text constant of the engine.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
