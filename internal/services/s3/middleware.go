package s3

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v3"
)

// handle runs around every request.
func (s *Service) handle(ctx fiber.Ctx) error {
	rc := ctx.RequestCtx()
	s.virtualHost(ctx)
	if err := ctx.Next(); err != nil {
		return err
	}
	bucket, key := target(rc)
	if rc.Response.StatusCode() == fiber.StatusNotImplemented && rc.UserValue(valueAllowed) != nil && key == "" {
		if err := s.configure(ctx, bucket); err != nil {
			return err
		}
	}
	// versitygw's policy parser knows less than ours, which has the say: a lone statement, for one, is no fault. By now
	// the request is authenticated with its body, and allowed.
	if rc.UserValue(valueAllowed) != nil && rc.IsPut() && key == "" && rc.QueryArgs().Has("policy") &&
		bytes.Contains(rc.Response.Body(), []byte("<Code>MalformedPolicy</Code>")) {
		policy := bytes.Clone(ctx.BodyRaw())
		if s.backend.PutBucketPolicy(rc, bucket, policy) == nil {
			rc.Response.ResetBody()
			rc.Response.Header.SetContentType("")
			ctx.Status(fiber.StatusNoContent)
		}
	}
	return s.record(ctx, bucket, key)
}

// virtualHost turns bucket.domain/key into /bucket/key. The path as it was signed is kept for the signature.
func (s *Service) virtualHost(ctx fiber.Ctx) {
	host, _, _ := strings.Cut(strings.ToLower(string(ctx.Request().Host())), ":")
	bucket := ""
	for _, d := range s.cfg.Domains {
		// The shortest bucket is that of the longest domain: a.s3.localhost is a in s3.localhost.
		if b, ok := strings.CutSuffix(host, "."+strings.ToLower(d)); ok && b != "" && (bucket == "" || len(b) < len(bucket)) {
			bucket = b
		}
	}
	for _, d := range s.cfg.Domains {
		if strings.EqualFold(host, d) {
			return
		}
	}
	if bucket == "" {
		return
	}
	path := string(ctx.Request().URI().PathOriginal())
	// versitygw signs the decoded path, as its own path-style requests have it by then.
	if signed, err := url.PathUnescape(path); err == nil {
		ctx.Locals("original-uri-path", signed)
	}
	if path == "/" {
		path = ""
	}
	ctx.Path("/" + bucket + path)
}
