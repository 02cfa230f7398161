// Package audit is the form in which the wire chain and S3 hand on what was called, by whom and how it ended. The
// cloudtrail service keeps it.
package audit

import (
	"context"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// Record is one call.
type Record struct {
	Time      time.Time
	Service   string // "iam": the event source is iam.amazonaws.com
	Operation string // "CreateRole"
	Region    string
	RequestID string
	Principal authz.Principal
	SourceIP  string
	UserAgent string
	Host      string // as the client addressed us
	ReadOnly  bool
	// Data says that the call acted on content (an object, an item) and not on a resource: a data event in CloudTrail's
	// words, which LookupEvents does not show.
	Data bool
	// ErrorCode and ErrorMessage are what the caller was told; "" when the call succeeded.
	ErrorCode, ErrorMessage string
	// Request and Response are the SDK's input and output structs, or nil. The recorder hides secrets in them.
	Request, Response any
	// Resources are what the call touched. A call is recorded in the caller's account and in the owners' accounts.
	Resources []Resource
	// Concerns are further accounts in whose trails the call is recorded.
	Concerns []string
}

// Resource is something that a call touched.
type Resource struct {
	ARN     string
	Type    string // "AWS::IAM::Role", "" when unknown
	Account string // owner; "" means the caller's account
}

// Recorder keeps records. Record returns when the record is on disk.
type Recorder interface {
	Record(ctx context.Context, r Record) error
}
