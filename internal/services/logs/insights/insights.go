// Package insights is the query language of CloudWatch Logs Insights: fields, display, filter, stats, sort, limit, parse and dedup over
// log events.
//
// A query is a chain of stages through which records go one by one; sort and stats hold what they need until the last has come.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
package insights

import (
	"errors"
	"fmt"
)

// MaxRows is how many rows a query has at most.
const MaxRows = 10_000

// Error is a query that is not valid. From and To are where in the text.
type Error struct {
	From, To int
	Message  string
}

// Error tells the place and the reason.
func (e *Error) Error() string { return fmt.Sprintf("%s at %d", e.Message, e.From) }

// ErrTooMany is a query that holds more records or groups than fit.
var ErrTooMany = errors.New("query holds too many records: filter before sort and stats, or count fewer groups")

// Query is a parsed query. It is immutable; each Start runs it anew.
type Query struct {
	commands []command
	limit    int
	oldest   bool // records are wanted oldest first
}

// Oldest tells whether records are to be pushed oldest first; otherwise newest first.
func (q *Query) Oldest() bool { return q.oldest }

// Field is a name with its value.
type Field struct{ Name, Value string }

// Run is a query that runs.
type Run struct {
	first   stage
	sink    *sink
	failed  error
	Scanned int64 // records
	Bytes   int64
	Matched int64 // records that passed the filters
	all     bool  // there is no filter
}

// Start begins to run a query, of whose rows at most limit are given, 0: as many as the query says.
func (q *Query) Start(limit int) *Run {
	if limit == 0 || limit > q.limit {
		limit = q.limit
	}
	r := &Run{sink: &sink{limit: limit}}
	var next stage = r.sink
	last := q.lastFilter()
	if last < 0 {
		last = len(q.commands)
	}
	for i := len(q.commands) - 1; i >= 0; i-- {
		if i == last {
			next = &matched{next, r}
		}
		next = q.commands[i].stage(next, r)
	}
	r.first = next
	r.all = last == len(q.commands)
	return r
}

// Push takes a record; false when no more are needed.
func (r *Run) Push(record Record) bool {
	r.Scanned++
	r.Bytes += int64(len(record.Message))
	if r.all {
		r.Matched++
	}
	return r.first.push(&row{record: &record}) && r.failed == nil
}

// Finish gives the rows.
func (r *Run) Finish() ([][]Field, error) {
	r.first.flush()
	return r.sink.rows, r.failed
}

// Rows gives the rows that are there already, for who looks at a query that runs.
func (r *Run) Rows() [][]Field { return r.sink.rows }

// lastFilter is the last filter of records, -1 when there is none.
func (q *Query) lastFilter() int {
	last := -1
	for i, c := range q.commands {
		switch c.(type) {
		case *filterCommand:
			last = i
		case *statsCommand:
			return last
		}
	}
	return last
}

// matched counts what passed the filters.
type matched struct {
	next stage
	run  *Run
}

func (m *matched) push(r *row) bool {
	m.run.Matched++
	return m.next.push(r)
}

func (m *matched) flush() { m.next.flush() }
