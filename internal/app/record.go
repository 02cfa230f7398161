package app

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/services/s3"
)

// s3Record hands what S3 was asked on to the trail. Calls on objects, and what changes nothing, are kept nowhere: CloudTrail
// keeps them only when told to.
func s3Record(trail audit.Recorder, region string, log *slog.Logger) func(context.Context, s3.Record) {
	return func(ctx context.Context, r s3.Record) {
		if r.Data || r.ReadOnly && r.Status != http.StatusForbidden {
			return
		}
		a := audit.Record{Time: r.Time, Service: "s3", Operation: r.Action, Region: region, RequestID: r.RequestID,
			Principal: r.Principal, SourceIP: r.SourceIP, UserAgent: r.UserAgent, ReadOnly: r.ReadOnly}
		if r.Bucket != "" {
			a.Resources = []audit.Resource{{ARN: "arn:aws:s3:::" + r.Bucket, Type: "AWS::S3::Bucket", Account: r.Owner}}
			a.Request = map[string]string{"bucketName": r.Bucket}
		}
		switch {
		case r.Status == http.StatusForbidden:
			a.ErrorCode = "AccessDenied"
		case r.Status >= 400:
			a.ErrorCode = strings.ReplaceAll(http.StatusText(r.Status), " ", "")
		}
		if err := trail.Record(ctx, a); err != nil {
			log.Error("cannot record call", "service", "s3", "operation", r.Action, "request", r.RequestID, "error", err)
		}
	}
}
