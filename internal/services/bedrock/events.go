package bedrock

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// batchChange is the detail of the event of a batch.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-eventbridge.html
type batchChange struct {
	Version  string `json:"version"`
	Account  string `json:"accountId"`
	Name     string `json:"batchJobName"`
	ARN      string `json:"batchJobArn"`
	Model    string `json:"batchModelId"`
	Status   string `json:"status"`
	Failure  string `json:"failureMessage"`
	Creation string `json:"creationTime"`
}

// emitBatch tells of the status of a batch.
func emitBatch(tx *store.Tx, b *batch) error {
	detail, err := json.Marshal(batchChange{Version: "0.0", Account: b.Account, Name: b.Name, ARN: b.arn(), Model: b.Model, Status: string(b.Status), Failure: b.Message,
		Creation: b.Submitted.UTC().Format(time.RFC3339)})
	if err != nil {
		return fmt.Errorf("cannot tell of batch %s: %w", b.ID, err)
	}
	return tx.Emit(bus.Event{Source: "aws.bedrock", DetailType: "Batch Inference Job State Change", Account: b.Account, Region: b.Region,
		Resources: []string{b.arn()}, Detail: detail})
}
