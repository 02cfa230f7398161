package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strconv"
	"strings"
	"sync"
)

// conn is one connection with its prepared statements. database/sql alone would prepare a statement anew in each
// transaction.
type conn struct {
	raw        *sql.Conn
	dialect    dialect
	statements map[string]*sql.Stmt
}

func dial(ctx context.Context, db *sql.DB, d dialect) (*conn, error) {
	raw, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{raw: raw, dialect: d, statements: map[string]*sql.Stmt{}}, nil
}

func (c *conn) close() error {
	for _, s := range c.statements {
		_ = s.Close()
	}
	return c.raw.Close()
}

// discard closes the connection to the database itself instead of giving it back to the pool.
func (c *conn) discard() {
	_ = c.raw.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.close()
}

// statement prepares query once. The background context is deliberate: a statement is short, and an interrupted one
// would leave the shared transaction in an unknown state.
func (c *conn) statement(query string) (*sql.Stmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	text := query
	if c.dialect.numbered {
		text = number(query)
	}
	s, err := c.raw.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	c.statements[query] = s
	return s, nil
}

// number turns each ? into $1, $2, … for PostgreSQL. The queries of this package have no ? in literals.
func number(query string) string {
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (c *conn) exec(query string) error {
	if c.dialect.numbered { // transaction control is sent as it is: PostgreSQL gains nothing by preparing it
		_, err := c.raw.ExecContext(context.Background(), query)
		return err
	}
	_, err := c.change(query)
	return err
}

// change runs a statement and returns how many rows it touched.
func (c *conn) change(query string, args ...any) (int64, error) {
	s, err := c.statement(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// rows runs a query and calls each for every row.
func (c *conn) rows(query string, args []any, each func(scan func(...any) error) error) error {
	s, err := c.statement(query)
	if err != nil {
		return err
	}
	r, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		if err := each(r.Scan); err != nil {
			return err
		}
	}
	return r.Err()
}

// row reads one row into dest; found is false when there is none.
func (c *conn) row(query string, args []any, dest ...any) (found bool, err error) {
	err = c.rows(query, args, func(scan func(...any) error) error {
		found = true
		return scan(dest...)
	})
	return found, err
}

// readers is a pool of connections for View.
type readers struct {
	db      *sql.DB
	dialect dialect
	slots   chan struct{}
	mu      sync.Mutex
	idle    []*conn
	closed  bool
}

func (p *readers) init(db *sql.DB, d dialect) {
	p.db, p.dialect, p.slots = db, d, make(chan struct{}, d.readers)
}

func (p *readers) take(ctx context.Context) (*conn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.slots
		return nil, ErrClosed
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c, err := dial(ctx, p.db, p.dialect)
	if err != nil {
		<-p.slots
	}
	return c, err
}

func (p *readers) give(c *conn) {
	p.mu.Lock()
	if p.closed {
		_ = c.close()
	} else {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	<-p.slots
}

func (p *readers) drop(c *conn) {
	c.discard()
	<-p.slots
}

func (p *readers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		_ = c.close()
	}
	p.idle = nil
}
