package athena

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// execution is one query as it is kept, under its id.
type execution struct {
	types.QueryExecution
	Region   string
	Caller   authz.Principal // without session policies and key
	Instance string          `json:",omitempty"` // the run of the server that took it up
	Begun    time.Time       // when it left the queue
	Writes   []string        `json:",omitempty"` // where it may write: objects (s3://…), and prefixes that end in *
	wrote    []string        // where it has begun to
	Sequence int             // how many state changes there were

	Columns []types.ColumnInfo `json:",omitempty"` // of the result
	Header  bool               `json:",omitempty"` // the result begins with the names of its columns
	Plain   bool               `json:",omitempty"` // the result is lines of text
	Updated *int64             `json:",omitempty"` // rows written
	Reads   map[string]string  `json:",omitempty"` // what was found under which name; see mark
	Lent    bool               `json:",omitempty"` // something was read with rights that are not the caller's
	Rows    counts
}

// counts are what a query read and gave.
type counts struct{ InputRows, InputBytes, OutputRows, OutputBytes int64 }

func (e *execution) key() store.Key {
	return store.Key{Account: e.Caller.Account, Region: e.Region, ID: *e.QueryExecutionId}
}

func (e *execution) state() types.QueryExecutionState { return e.Status.State }

// ended tells that the query will not change any more.
func (e *execution) ended() bool {
	return e.state() != types.QueryExecutionStateQueued && e.state() != types.QueryExecutionStateRunning
}

// historyKey sorts the executions of a workgroup from the oldest to the newest.
func historyKey(e *execution) store.Key {
	k := e.key()
	k.ID = fmt.Sprintf("%s%s%019d%s%s", *e.WorkGroup, separator, e.Status.SubmissionDateTime.UnixNano(), separator, *e.QueryExecutionId)
	return k
}

// places are the objects that the result of a query may come to, by the place that its workgroup or caller said.
func places(location string) []string {
	folder, id := location[:strings.LastIndexByte(location, '/')], location[strings.LastIndexByte(location, '/')+1:]
	return []string{location + ".csv", location + ".csv.metadata", location + ".txt", location + ".txt.metadata", location + "-manifest.csv",
		folder + "/tables/" + id + "-manifest.csv", folder + "/tables/" + id + "/*"}
}

// millis is a span in whole milliseconds.
func millis(d time.Duration) *int64 {
	return aws.Int64(int64(math.Round(float64(max(d, 0)) / float64(time.Millisecond))))
}

// missingExecution says that there is no such query.
func missingExecution(id string) error { return invalid("QueryExecution %s was not found", id) }
