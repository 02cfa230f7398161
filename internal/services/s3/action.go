package s3

import (
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/s3api/middlewares"
)

// question is one thing to be allowed.
type question struct{ action, bucket, key string }

func (q question) resource() string {
	if q.bucket == "" {
		return "*"
	}
	if q.key == "" {
		return "arn:aws:s3:::" + q.bucket
	}
	return "arn:aws:s3:::" + q.bucket + "/" + q.key
}

// subresource is what a query parameter makes of a request: the suffix of its action for Get, Put and Delete.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
type subresource struct{ param, get, put, del string }

var bucketParts = []subresource{
	{"tagging", "GetBucketTagging", "PutBucketTagging", "PutBucketTagging"},
	{"ownershipControls", "GetBucketOwnershipControls", "PutBucketOwnershipControls", "PutBucketOwnershipControls"},
	{"versioning", "GetBucketVersioning", "PutBucketVersioning", ""},
	{"policyStatus", "GetBucketPolicyStatus", "", ""},
	{"policy", "GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"},
	{"cors", "GetBucketCORS", "PutBucketCORS", "PutBucketCORS"},
	{"object-lock", "GetBucketObjectLockConfiguration", "PutBucketObjectLockConfiguration", ""},
	{"acl", "GetBucketAcl", "PutBucketAcl", ""},
	{"lifecycle", "GetLifecycleConfiguration", "PutLifecycleConfiguration", "PutLifecycleConfiguration"},
	{"encryption", "GetEncryptionConfiguration", "PutEncryptionConfiguration", "PutEncryptionConfiguration"},
	{"notification", "GetBucketNotification", "PutBucketNotification", ""},
	{"publicAccessBlock", "GetBucketPublicAccessBlock", "PutBucketPublicAccessBlock", "PutBucketPublicAccessBlock"},
	{"replication", "GetReplicationConfiguration", "PutReplicationConfiguration", "PutReplicationConfiguration"},
	{"logging", "GetBucketLogging", "PutBucketLogging", ""},
	{"requestPayment", "GetBucketRequestPayment", "PutBucketRequestPayment", ""},
	{"accelerate", "GetAccelerateConfiguration", "PutAccelerateConfiguration", ""},
	{"website", "GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"},
	{"analytics", "GetAnalyticsConfiguration", "PutAnalyticsConfiguration", "PutAnalyticsConfiguration"},
	{"intelligent-tiering", "GetIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration", "PutIntelligentTieringConfiguration"},
	{"inventory", "GetInventoryConfiguration", "PutInventoryConfiguration", "PutInventoryConfiguration"},
	{"metrics", "GetMetricsConfiguration", "PutMetricsConfiguration", "PutMetricsConfiguration"},
	{"location", "GetBucketLocation", "", ""},
	{"uploads", "ListBucketMultipartUploads", "", ""},
	{"versions", "ListBucketVersions", "", ""},
}

// of is the action of an HTTP method. A parameter that means nothing with the method is left to the plain request.
func (p subresource) of(method string) string {
	switch method {
	case "GET":
		return p.get
	case "PUT":
		return p.put
	case "DELETE":
		return p.del
	}
	return ""
}

// target is the bucket and key of a request, decoded as versitygw routes it.
func target(rc *fasthttp.RequestCtx) (bucket, key string) {
	path := strings.TrimPrefix(string(rc.URI().PathOriginal()), "/")
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// questions lists what a request needs to be allowed, its own action first. DeleteObjects asks for each key later, when
// its body has been read. It errs to the side of asking more.
func questions(rc *fasthttp.RequestCtx, bucket, key string) []question {
	method, args := string(rc.Method()), rc.QueryArgs()
	if method == "HEAD" {
		method = "GET"
	}
	if key == "" {
		return bucketQuestions(rc, method, args, bucket)
	}
	version := ""
	if args.Has("versionId") {
		version = "Version"
	}
	one := func(action string) []question { return []question{{action, bucket, key}} }
	switch method {
	case "GET":
		switch {
		case args.Has("tagging"):
			return one("GetObject" + version + "Tagging")
		case args.Has("retention"):
			return one("GetObjectRetention")
		case args.Has("legal-hold"):
			return one("GetObjectLegalHold")
		case args.Has("acl"):
			return one("GetObject" + version + "Acl")
		case args.Has("attributes"):
			return append(one("GetObject"+version), question{"GetObject" + version + "Attributes", bucket, key})
		case args.Has("uploadId"):
			return one("ListMultipartUploadParts")
		}
		return one("GetObject" + version)
	case "DELETE":
		switch {
		case args.Has("tagging"):
			return one("DeleteObject" + version + "Tagging")
		case args.Has("uploadId"):
			return one("AbortMultipartUpload")
		}
		return bypass(rc, one("DeleteObject"+version))
	case "POST":
		switch {
		case args.Has("restore"):
			return one("RestoreObject")
		case args.Has("select"):
			return one("GetObject")
		}
		return extras(rc, bucket, key)
	case "PUT":
		switch {
		case args.Has("tagging"):
			return one("PutObject" + version + "Tagging")
		case args.Has("retention"):
			return bypass(rc, one("PutObjectRetention"))
		case args.Has("legal-hold"):
			return one("PutObjectLegalHold")
		case args.Has("acl"):
			return one("PutObject" + version + "Acl")
		}
		return copySource(rc, extras(rc, bucket, key))
	}
	return one(method)
}

func bucketQuestions(rc *fasthttp.RequestCtx, method string, args *fasthttp.Args, bucket string) []question {
	one := func(action string) []question { return []question{{action, bucket, ""}} }
	for _, p := range bucketParts {
		if args.Has(p.param) {
			if action := p.of(method); action != "" {
				return one(action)
			}
		}
	}
	switch method {
	case "GET":
		return one("ListBucket")
	case "PUT":
		return one("CreateBucket")
	case "DELETE":
		return one("DeleteBucket")
	case "POST":
		if args.Has("delete") {
			return nil
		}
		// A form upload names its key in the form.
		if form, ok := rc.UserValue("object-post-result").(middlewares.PostObjectResult); ok {
			return []question{{"PutObject", bucket, form.Fields["key"]}}
		}
	}
	return one("PutObject")
}

// extras are the actions that a write's headers need beyond PutObject.
func extras(rc *fasthttp.RequestCtx, bucket, key string) []question {
	h := &rc.Request.Header
	out := []question{{"PutObject", bucket, key}}
	for _, x := range []struct{ header, action string }{
		{"X-Amz-Tagging", "PutObjectTagging"}, {"X-Amz-Acl", "PutObjectAcl"},
		{"X-Amz-Object-Lock-Mode", "PutObjectRetention"}, {"X-Amz-Object-Lock-Legal-Hold", "PutObjectLegalHold"},
	} {
		if len(h.Peek(x.header)) > 0 {
			out = append(out, question{x.action, bucket, key})
		}
	}
	return out
}

func bypass(rc *fasthttp.RequestCtx, out []question) []question {
	if strings.EqualFold(string(rc.Request.Header.Peek("X-Amz-Bypass-Governance-Retention")), "true") {
		out = append(out, question{"BypassGovernanceRetention", out[0].bucket, out[0].key})
	}
	return out
}

func copySource(rc *fasthttp.RequestCtx, out []question) []question {
	source := string(rc.Request.Header.Peek("X-Amz-Copy-Source"))
	if source == "" {
		return out
	}
	action := "GetObject"
	source, query, _ := strings.Cut(source, "?")
	if strings.HasPrefix(query, "versionId=") {
		action = "GetObjectVersion"
	}
	// versitygw decodes "+" as a space, so this does too.
	source, err := url.QueryUnescape(source)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	if err != nil || !ok || bucket == "" || key == "" {
		return append(out, question{action, "", ""})
	}
	return append(out, question{action, bucket, key})
}
