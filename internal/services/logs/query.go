package logs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/insights"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/uuid"
)

// query is a query that was started. Its row has its id; its result lies in answers.
type query struct {
	Text     string
	Groups   []store.Key
	From, To int64 // in milliseconds; To is not part of it
	Limit    int
	Status   types.QueryStatus
	Created  int64
	Duration int64
	Caller   string // ARN
	Result   types.QueryStatistics
	Parts    int    // rows of answers
	Reason   string `json:",omitempty"` // of a failure
}

// answer is a part of a query's result: <query>/<number>.
type answer struct{ Rows [][]insights.Field }

const (
	// maxQueried is how many groups a query reads, and maxRunning how many queries an account runs.
	maxQueried = 50
	maxRunning = 30
	// keptFor is how long results are there.
	// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
	keptFor = 7 * day
)

// queried gives the groups that a query reads.
func queried(ctx context.Context, in *cloudwatchlogs.StartQueryInput) ([]store.Key, error) {
	given := 0
	for _, is := range []bool{in.LogGroupName != nil, in.LogGroupNames != nil, in.LogGroupIdentifiers != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return nil, invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
	}
	var out []store.Key
	if in.LogGroupName != nil {
		out = append(out, here(ctx, *in.LogGroupName))
	}
	for _, name := range in.LogGroupNames {
		out = append(out, here(ctx, name))
	}
	for _, id := range in.LogGroupIdentifiers {
		k, err := identified(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	if len(out) == 0 || len(out) > maxQueried {
		return nil, invalid("A query reads 1 to %d log groups.", maxQueried)
	}
	return out, nil
}

// seconds reads a time of StartQuery, which some callers give in milliseconds.
func seconds(t int64) int64 {
	if t > 1e11 {
		return t
	}
	return t * 1000
}

// StartQuery begins to run a query.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html
func (s *Service) StartQuery(ctx context.Context, in *cloudwatchlogs.StartQueryInput) (*cloudwatchlogs.StartQueryOutput, error) {
	if in.QueryLanguage != "" && in.QueryLanguage != types.QueryLanguageCwli {
		return nil, invalid("Query language %s is not implemented by Atelier.", in.QueryLanguage)
	}
	q := query{Text: *in.QueryString, From: seconds(*in.StartTime), To: seconds(*in.EndTime) + 1000, Status: types.QueryStatusScheduled, Created: s.now(),
		Caller: wire.CallOf(ctx).Principal.ARN}
	if q.From >= q.To {
		return nil, invalid("Query's end time must be after its start time.")
	}
	if in.Limit != nil {
		q.Limit = int(*in.Limit)
	}
	if _, err := insights.Parse(q.Text, q.Created); err != nil {
		return nil, malformed(err)
	}
	var err error
	if q.Groups, err = queried(ctx, in); err != nil {
		return nil, err
	}
	for _, k := range q.Groups {
		if _, err := s.find(ctx, k); err != nil {
			return nil, missing("Log group '%s' does not exist for account ID '%s'", k.ID, k.Account)
		}
	}
	row := here(ctx, uuid.NewString())
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.crowded(tx, row); err != nil {
			return err
		}
		if _, err := tx.Enqueue(queryJob, row); err != nil {
			return err
		}
		return s.queries.Insert(tx, row, q)
	})
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.StartQueryOutput{QueryId: &row.ID}, nil
}

// crowded refuses a query of an account that runs too many.
func (s *Service) crowded(tx *store.Tx, row store.Key) error {
	rows, err := s.queries.List(tx, store.Range{Account: row.Account, Region: row.Region})
	n := 0
	for _, r := range rows {
		if !r.Value.over() {
			n++
		}
	}
	if err == nil && n >= maxRunning {
		return exceeded("Account maximum query concurrency limit of [%d] reached.", maxRunning)
	}
	return err
}

func (q query) over() bool {
	return q.Status != types.QueryStatusScheduled && q.Status != types.QueryStatusRunning
}

func malformed(err error) error {
	out := &types.MalformedQueryException{Message: aws.String(err.Error())}
	var e *insights.Error
	if errors.As(err, &e) {
		out.QueryCompileError = &types.QueryCompileError{Message: &e.Message,
			Location: &types.QueryCompileErrorLocation{StartCharOffset: aws.Int32(int32(e.From)), EndCharOffset: aws.Int32(int32(e.To))}}
	}
	return out
}

func (s *Service) startQueryTargets(ctx context.Context, in *cloudwatchlogs.StartQueryInput) (all []wire.Target, err error) {
	keys, err := queried(ctx, in)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		list, err := s.target(ctx, k, "")
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// StopQuery ends a query that runs.
func (s *Service) StopQuery(ctx context.Context, in *cloudwatchlogs.StopQueryInput) (*cloudwatchlogs.StopQueryOutput, error) {
	row := here(ctx, *in.QueryId)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		q, err := s.queries.Get(tx, row)
		if absent(err) {
			return missing("Query with the provided id does not exist.")
		}
		if err != nil {
			return err
		}
		if q.over() {
			return invalid("Query is not running or scheduled. (Status: %s)", q.Status)
		}
		q.Status, q.Duration = types.QueryStatusCancelled, s.now()-q.Created
		return s.queries.Put(tx, row, q)
	})
	if err != nil {
		return nil, err
	}
	if stop, ok := s.running.Load(row.ID); ok {
		stop.(context.CancelFunc)()
	}
	return &cloudwatchlogs.StopQueryOutput{Success: true}, nil
}

// GetQueryResults gives what a query found.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html
func (s *Service) GetQueryResults(ctx context.Context, in *cloudwatchlogs.GetQueryResultsInput) (*cloudwatchlogs.GetQueryResultsOutput, error) {
	row := here(ctx, *in.QueryId)
	var q query
	var parts []store.Row[answer]
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if q, err = s.queries.Get(tx, row); err != nil {
			return err
		}
		parts, err = s.answers.List(tx, store.Range{Account: row.Account, Region: row.Region, Prefix: row.ID + "/"})
		return err
	})
	if absent(err) {
		return nil, missing("Query with the provided id does not exist.")
	}
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.GetQueryResultsOutput{Status: q.Status, Statistics: &q.Result, QueryLanguage: types.QueryLanguageCwli, Results: [][]types.ResultField{}}
	for _, p := range parts {
		for _, fields := range p.Value.Rows {
			list := make([]types.ResultField, len(fields))
			for i := range fields {
				list[i] = types.ResultField{Field: &fields[i].Name, Value: &fields[i].Value}
			}
			out.Results = append(out.Results, list)
		}
	}
	if in.MaxItems == nil && in.NextToken == nil {
		return out, nil
	}
	return s.resultPage(ctx, in, out)
}

func (s *Service) resultPage(ctx context.Context, in *cloudwatchlogs.GetQueryResultsInput, out *cloudwatchlogs.GetQueryResultsOutput) (*cloudwatchlogs.GetQueryResultsOutput, error) {
	numbers := make([]int, len(out.Results))
	for i := range numbers {
		numbers[i] = i
	}
	numbers, next, err := page(ctx, numbers, func(i int) string { return fmt.Sprintf("%06d", i) }, in.MaxItems, insights.MaxRows, in.NextToken)
	if err != nil {
		return nil, err
	}
	if len(numbers) > 0 {
		out.Results = out.Results[numbers[0] : numbers[len(numbers)-1]+1]
	} else {
		out.Results = out.Results[:0]
	}
	out.NextToken = next
	return out, nil
}

// DescribeQueries lists the account's queries of the last days, newest first.
func (s *Service) DescribeQueries(ctx context.Context, in *cloudwatchlogs.DescribeQueriesInput) (*cloudwatchlogs.DescribeQueriesOutput, error) {
	at := here(ctx, "")
	var rows []store.Row[query]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.queries.List(tx, store.Range{Account: at.Account, Region: at.Region})
		return err
	}); err != nil {
		return nil, err
	}
	var all []types.QueryInfo
	for _, r := range rows {
		q := r.Value
		if in.Status != "" && q.Status != in.Status || in.LogGroupName != nil && q.Groups[0].ID != *in.LogGroupName {
			continue
		}
		all = append(all, types.QueryInfo{QueryId: &r.Key.ID, QueryString: &q.Text, Status: q.Status, CreateTime: &q.Created, LogGroupName: &q.Groups[0].ID,
			QueryLanguage: types.QueryLanguageCwli, QueryDuration: &q.Duration, BytesScanned: &q.Result.BytesScanned, UserIdentity: &q.Caller})
	}
	key := func(q types.QueryInfo) string { return fmt.Sprintf("%020d", 1<<62-*q.CreateTime) + *q.QueryId }
	slices.SortFunc(all, func(a, b types.QueryInfo) int { return strings.Compare(key(a), key(b)) })
	out := &cloudwatchlogs.DescribeQueriesOutput{}
	var err error
	out.Queries, out.NextToken, err = page(ctx, all, key, in.MaxResults, 100, in.NextToken)
	return out, err
}
