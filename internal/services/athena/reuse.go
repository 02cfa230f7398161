package athena

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// maxReuseAge is how old a result may be when nothing is said, in minutes.
const maxReuseAge = 60

// reusable is a result that may be given again: under reuseKey, to the same principal, while its rights are the same.
type reusable struct {
	ID    string
	Ended time.Time
	Reads map[string]string // see mark
}

// asksReuse tells that a query may be answered with an earlier result.
func (e *execution) asksReuse() (maxAge time.Duration, ok bool) {
	r := e.ResultReuseConfiguration
	if r == nil || r.ResultReuseByAgeConfiguration == nil || !r.ResultReuseByAgeConfiguration.Enabled {
		return 0, false
	}
	minutes := int32(maxReuseAge)
	if m := r.ResultReuseByAgeConfiguration.MaxAgeInMinutes; m != nil {
		minutes = *m
	}
	return time.Duration(minutes) * time.Minute, minutes > 0
}

// reuseKey is the same for queries that mean the same to the same principal: text, parameters, place, workgroup.
func reuseKey(e *execution) store.Key {
	place := ""
	if c := e.QueryExecutionContext; c != nil {
		place = strings.ToLower(aws.ToString(c.Catalog) + separator + aws.ToString(c.Database))
	}
	whole, err := json.Marshal([]any{*e.Query, e.ExecutionParameters, place, *e.WorkGroup, governance.PrincipalARN(e.Caller), e.Caller.Tags, e.Caller.HasSession})
	if err != nil { // texts always are JSON
		whole = []byte(*e.QueryExecutionId)
	}
	sum := sha256.Sum256(whole)
	k := e.key()
	k.ID = *e.WorkGroup + separator + hex.EncodeToString(sum[:])
	return k
}

// mark notes what was found under a name in a query: the table as it was, and what the caller could read of it.
func (q *session) mark(n sql.Name, r *lake.Table, as string) {
	cut, err := json.Marshal(r.Cut())
	if err != nil { // texts always are JSON
		cut = []byte(*q.e.QueryExecutionId)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{r.ID, aws.ToString(r.VersionId), r.UpdateTime.String(), string(cut), as}, separator)))
	if q.reads == nil {
		q.reads = map[string]string{}
	}
	q.reads[n.Catalog+separator+n.Database+separator+n.Table] = hex.EncodeToString(sum[:])
}

// same tells that the caller would find under every name what an earlier query found, and may read it now.
func (q *session) same(ctx context.Context, before map[string]string) (bool, error) {
	for name := range before {
		parts := strings.Split(name, separator)
		t, err := q.Table(ctx, sql.Name{Catalog: parts[0], Database: parts[1], Table: parts[2]})
		var refused *sql.Error
		if errors.As(err, &refused) || err == nil && t == nil {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		list := t.Partitions
		if t.List != nil {
			if list, err = t.List(ctx, sql.Keys{Limit: 1}); err != nil {
				return false, nil // as below
			}
		}
		for _, p := range list[:min(1, len(list))] {
			if _, err := p.Files(ctx); err != nil {
				return false, nil // the query itself says what is wrong
			}
		}
	}
	return maps.Equal(q.reads, before), nil
}

// changing are words of functions whose results are never the same twice.
var changing = regexp.MustCompile(`(?i)\b(now|current_\w+|localtime\w*|rand|random|uuid|shuffle)\b|information_schema|tablesample`)

// remember notes a result that may be given again.
func (s *Service) remember(tx *store.Tx, e *execution) error {
	if _, asks := e.asksReuse(); !asks || e.state() != types.QueryExecutionStateSucceeded || !e.Header || e.Lent || changing.MatchString(*e.Query) {
		return nil
	}
	if i := e.Statistics.ResultReuseInformation; i != nil && i.ReusedPreviousResult {
		return nil // its age is that of the first
	}
	return s.latest.Put(tx, reuseKey(e), reusable{ID: *e.QueryExecutionId, Ended: *e.Status.CompletionDateTime, Reads: e.Reads})
}

// reuse answers a query with an earlier result, when there is one that is young enough and the caller may do now exactly
// what it could do then.
// Source: https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
func (q *session) reuse(ctx context.Context) (bool, error) {
	maxAge, asks := q.e.asksReuse()
	if !asks {
		return false, nil
	}
	var r reusable
	var before execution
	err := q.Store.View(ctx, func(tx *store.Tx) (err error) {
		if r, err = q.latest.Get(tx, reuseKey(q.e)); err != nil {
			return err
		}
		before, err = q.executions.Get(tx, store.Key{Account: q.e.Caller.Account, Region: q.e.Region, ID: r.ID})
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && q.Clock.Now().Sub(r.Ended) > maxAge {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if same, err := q.same(ctx, r.Reads); err != nil || !same {
		q.reads = nil
		return false, err
	}
	q.e.ResultConfiguration.OutputLocation, q.e.Columns, q.e.Header = before.ResultConfiguration.OutputLocation, before.Columns, true
	q.e.Rows = before.Rows
	q.e.Statistics.DataScannedInBytes, q.e.Statistics.EngineExecutionTimeInMillis = aws.Int64(0), aws.Int64(0)
	q.e.Statistics.ResultReuseInformation = &types.ResultReuseInformation{ReusedPreviousResult: true}
	return true, nil
}
