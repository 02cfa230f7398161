package s3

import (
	"encoding/xml"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
)

// operations are the API's names of what IAM calls otherwise.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
var operations = map[string]string{
	"ListAllMyBuckets":                 "ListBuckets",
	"ListBucket":                       "ListObjects",
	"ListBucketVersions":               "ListObjectVersions",
	"ListBucketMultipartUploads":       "ListMultipartUploads",
	"ListMultipartUploadParts":         "ListParts",
	"PutEncryptionConfiguration":       "PutBucketEncryption",
	"GetEncryptionConfiguration":       "GetBucketEncryption",
	"PutLifecycleConfiguration":        "PutBucketLifecycle",
	"GetLifecycleConfiguration":        "GetBucketLifecycle",
	"PutReplicationConfiguration":      "PutBucketReplication",
	"GetReplicationConfiguration":      "GetBucketReplication",
	"PutBucketCORS":                    "PutBucketCors",
	"GetBucketCORS":                    "GetBucketCors",
	"PutBucketPublicAccessBlock":       "PutPublicAccessBlock",
	"GetBucketPublicAccessBlock":       "GetPublicAccessBlock",
	"PutBucketObjectLockConfiguration": "PutObjectLockConfiguration",
	"GetBucketObjectLockConfiguration": "GetObjectLockConfiguration",
}

// refusal is the document of an error.
type refusal struct{ Code, Message string }

// record tells of a request that somebody signed and that changed something, or was to. A change of a bucket that can't be
// recorded is an error to its caller.
func (s *Service) record(ctx fiber.Ctx, bucket, key string) error {
	if s.cfg.Recorder == nil {
		return nil
	}
	rc := ctx.RequestCtx()
	who, ok := rc.UserValue(valuePrincipal).(authz.Principal)
	if !ok {
		return nil
	}
	action := "ListBuckets"
	if bucket != "" {
		action = "DeleteObjects"
		if list := questions(rc, bucket, key); len(list) > 0 {
			action = list[0].action
		}
	}
	if name, ok := operations[action]; ok {
		action = name
	}
	data := key != "" || action == "DeleteObjects" || action == "ListObjects" || action == "ListObjectVersions"
	readOnly := rc.IsGet() || rc.IsHead()
	status := rc.Response.StatusCode()
	if data || readOnly && status != fiber.StatusForbidden {
		return nil // CloudTrail keeps calls on objects, and what changes nothing, only when asked to
	}
	id, _ := utils.EnsureRequestIDs(ctx)
	r := audit.Record{Time: s.cfg.Clock.Now(), Service: "s3", Operation: action, Region: s.cfg.Region, RequestID: id, Principal: who,
		SourceIP: sourceIP(rc), UserAgent: string(rc.UserAgent()), Host: string(rc.Host()), ReadOnly: readOnly}
	if bucket != "" {
		owner, _ := rc.UserValue(valueOwner).(string)
		r.Resources = []audit.Resource{{ARN: "arn:aws:s3:::" + bucket, Type: "AWS::S3::Bucket", Account: owner}}
		r.Request = map[string]string{"bucketName": bucket}
	}
	if status >= 400 {
		e := refusal{Code: "Error"}
		_ = xml.Unmarshal(rc.Response.Body(), &e) // answers to HEAD have no document
		r.ErrorCode, r.ErrorMessage = e.Code, e.Message
	}
	if err := s.cfg.Recorder.Record(rc, r); err != nil {
		s.cfg.Logger.Error("cannot record call", "operation", action, "error", err)
		return s3err.GetAPIError(s3err.ErrInternalError)
	}
	return nil
}
