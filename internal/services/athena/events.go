package athena

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// stateChange is the detail of the event of a query.
// Source: https://docs.aws.amazon.com/athena/latest/ug/athena-events.html
type stateChange struct {
	VersionID        string       `json:"versionId"`
	CurrentState     string       `json:"currentState"`
	PreviousState    string       `json:"previousState,omitempty"`
	StatementType    string       `json:"statementType"`
	QueryExecutionID string       `json:"queryExecutionId"`
	WorkgroupName    string       `json:"workgroupName"`
	SequenceNumber   string       `json:"sequenceNumber"`
	AthenaError      *eventsFault `json:"athenaError,omitempty"`
}

type eventsFault struct {
	ErrorCategory int32  `json:"errorCategory"`
	ErrorType     int32  `json:"errorType"`
	ErrorMessage  string `json:"errorMessage"`
	Retryable     bool   `json:"retryable"`
}

// emit tells of a state that a query has reached.
func emit(tx *store.Tx, e *execution, before types.QueryExecutionState) error {
	e.Sequence++
	d := stateChange{VersionID: "0", CurrentState: string(e.state()), PreviousState: string(before), StatementType: string(e.StatementType),
		QueryExecutionID: *e.QueryExecutionId, WorkgroupName: *e.WorkGroup, SequenceNumber: strconv.Itoa(e.Sequence)}
	if f := e.Status.AthenaError; f != nil {
		d.AthenaError = &eventsFault{ErrorCategory: *f.ErrorCategory, ErrorType: *f.ErrorType, ErrorMessage: *f.ErrorMessage, Retryable: f.Retryable}
	}
	detail, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("cannot tell of query %s: %w", *e.QueryExecutionId, err)
	}
	return tx.Emit(bus.Event{Source: "aws.athena", DetailType: "Athena Query State Change", Account: e.Caller.Account, Region: e.Region,
		Resources: []string{}, Detail: detail})
}
