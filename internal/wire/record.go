package wire

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// told writes the call into the audit trail before its caller is told how it ended: every call that may change something,
// hands something out, and every refusal. It returns err, or what went wrong with the record.
func (x *exchange) told(ctx context.Context, in, out any, err error) error {
	code, message := "", ""
	if err != nil {
		code, message = describe(err)
	}
	mutating, o := x.op.Mutating(), x.endpoint.ops[x.op.Name()]
	if x.cfg.Recorder == nil || !denied(code) && (o.data || !mutating && !o.record) {
		return err
	}
	if x.call.Principal.Kind == authz.Anonymous && err != nil {
		return err // a stranger's failures are nobody's record, and would fill the disk
	}
	if o.shows != nil {
		in, out = o.shows(in), nil
	}
	r := audit.Record{Time: x.call.Time, Service: x.endpoint.SigningName, Operation: x.call.Operation, Region: x.call.Region,
		RequestID: x.call.RequestID, Principal: x.call.Principal, SourceIP: x.call.SourceIP, UserAgent: x.call.UserAgent,
		Host: x.call.Host, ReadOnly: !mutating || o.record, ErrorCode: code, ErrorMessage: message, Request: in, Response: out,
		Resources: x.touched, Concerns: x.concerns}
	if failed := x.cfg.Recorder.Record(ctx, r); failed != nil {
		return failed
	}
	return err
}
