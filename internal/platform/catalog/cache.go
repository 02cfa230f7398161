package catalog

import (
	"bytes"
	"container/list"
	"context"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

const (
	// cacheBytes is how much memory the values of partitions may take together: some 10 million of them.
	cacheBytes = 512 << 20
	// maxPending is how many changes wait for the next question about a table; with more it is read anew.
	maxPending = 100_000
)

// cache holds the values of the partitions of tables that were asked about lately. It is filled by questions, and
// told of changes by commits.
type cache struct {
	st    *store.Store
	rows  *store.Table[partition]
	limit int

	mu      sync.Mutex
	entries map[string]*entry
	recent  *list.List // of *entry, the one asked last in front
	bytes   int
}

// entry is one table's values.
type entry struct {
	table string
	place *list.Element
	bytes int // guarded by the cache's lock

	mu      sync.Mutex
	pending map[string]bool // changes since now: there or gone

	build sync.Mutex // held by whoever makes now
	now   *snapshot
	codes []map[string]uint32
}

func newCache(st *store.Store, rows *store.Table[partition], limit int) *cache {
	return &cache{st: st, rows: rows, limit: limit, entries: map[string]*entry{}, recent: list.New()}
}

// changed is told that a partition came or went.
func (c *cache) changed(table, id string, there bool) {
	c.mu.Lock()
	e := c.entries[table]
	c.mu.Unlock()
	if e == nil {
		return
	}
	e.mu.Lock()
	e.pending[id] = there
	full := len(e.pending) > maxPending
	e.mu.Unlock()
	if full {
		c.remove(e)
	}
}

// drop forgets a table.
func (c *cache) drop(table string) {
	c.mu.Lock()
	e := c.entries[table]
	c.mu.Unlock()
	if e != nil {
		c.remove(e)
	}
}

func (c *cache) remove(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[e.table] == e {
		delete(c.entries, e.table)
		c.recent.Remove(e.place)
		c.bytes -= e.bytes
	}
}

// entry finds a table's entry, or begins one, which is told of commits from here on.
func (c *cache) entry(table string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[table]
	if e == nil {
		e = &entry{table: table, pending: map[string]bool{}}
		e.place = c.recent.PushFront(e)
		c.entries[table] = e
	} else {
		c.recent.MoveToFront(e.place)
	}
	return e
}

// weigh counts what the entry takes, and forgets others when it is too much in all.
func (c *cache) weigh(e *entry, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[e.table] != e {
		return
	}
	c.bytes += bytes - e.bytes
	e.bytes = bytes
	for c.bytes > c.limit && c.recent.Len() > 1 {
		last := c.recent.Back().Value.(*entry)
		delete(c.entries, last.table)
		c.recent.Remove(last.place)
		c.bytes -= last.bytes
	}
}

// of gives the values of a table's partitions with all that is committed. ctx carries no transaction.
func (c *cache) of(ctx context.Context, region string, t Table) (*snapshot, error) {
	e := c.entry(t.ID)
	e.build.Lock()
	defer e.build.Unlock()
	loaded := e.now != nil && len(e.now.columns) == len(t.PartitionKeys)
	if !loaded {
		if err := c.load(ctx, e, region, t); err != nil {
			c.remove(e)
			return nil, err
		}
	}
	e.mu.Lock()
	changes := e.pending
	if len(changes) > 0 {
		e.pending = map[string]bool{}
	}
	e.mu.Unlock()
	if len(changes) > 0 {
		e.now, e.codes = apply(e.now, e.codes, changes)
	}
	if !loaded || len(changes) > 0 {
		c.weigh(e, e.now.size())
	}
	return e.now, nil
}

// load reads the ids. Of what is committed meanwhile it may see some or none: all of it is pending, and a change that is
// applied twice is the same change.
func (c *cache) load(ctx context.Context, e *entry, region string, t Table) error {
	b := newBuilder(len(t.PartitionKeys), 0, 0)
	err := c.st.View(ctx, func(tx *store.Tx) error {
		return c.rows.Keys(tx, t.rangeOf(region), func(id []byte) error {
			b.add(bytes.TrimPrefix(id, []byte(t.under())))
			return nil
		})
	})
	e.now, e.codes = b.s, b.codes
	return err
}

// Select finds ids of partitions that fit, in order, and whether there are more. Errors are *expression.ValueError and
// the store's.
func (p *Partitions) Select(ctx context.Context, region string, t Table, q Question) (ids []string, more bool, err error) {
	s, err := p.values.of(ctx, region, t)
	if err != nil {
		return nil, false, err
	}
	return s.ask(q)
}
