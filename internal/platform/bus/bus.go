// Package bus carries what happened, in the past tense, from the service that did it to whoever listens.
//
// An event is written in the same transaction as the change it tells of (see store.Tx.Emit) and is delivered after the
// commit, at least once, in order of its sequence number.
package bus

import (
	"encoding/json"
	"time"
)

// Event is one thing that happened. Its form follows EventBridge's, so that rules can match it as it is.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
type Event struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`      // "aws.s3", "aws.sagemaker"
	DetailType string          `json:"detail-type"` // "Object Created"
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"` // ARNs
	Detail     json.RawMessage `json:"detail"`
}
