// Package sigv4 verifies AWS Signature Version 4: in the Authorization header, in the query string of a presigned URL, and
// of the events of a signed stream. It does no I/O and knows no service; S3's requests, whose bodies are signed in
// chunks, are verified by the S3 service.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	// Skew is how far the client's clock may be off.
	Skew = 15 * time.Minute
	// MaxExpires is the longest life of a presigned URL.
	MaxExpires = 7 * 24 * time.Hour
)

// Values of the header X-Amz-Content-Sha256 that are no hash.
const (
	UnsignedPayload = "UNSIGNED-PAYLOAD"
	StreamingEvents = "STREAMING-AWS4-HMAC-SHA256-EVENTS"
)

// Fault is what is wrong with a signature. Each protocol has its own code for it.
type Fault int

// The faults.
const (
	Missing    Fault = iota // there is no signature
	Incomplete              // it can't be read
	Mismatch                // it is not that of the request, or its time is off
)

// Error is a signature that is not accepted.
type Error struct {
	Fault   Fault
	Message string
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// Signature is what a request says about its signature.
type Signature struct {
	AccessKeyID   string
	Day           string // of the scope: 20060102
	Region        string
	Service       string // signing name: "sts"
	Time          time.Time
	SignedHeaders []string // lower case, sorted
	Value         string   // 64 hex digits
	Token         string   // session token, "" for long-term keys
	Payload       string   // X-Amz-Content-Sha256, "" when not given
	Presigned     bool
	Expires       time.Duration // of a presigned URL
}

// Scope is the credential scope without the key.
func (s *Signature) Scope() string {
	return s.Day + "/" + s.Region + "/" + s.Service + "/aws4_request"
}

// CheckTime tells whether the signature holds now.
func (s *Signature) CheckTime(now time.Time) error {
	now = now.UTC()
	limit := s.Time.Add(Skew)
	what := "15 min."
	if s.Presigned {
		limit, what = s.Time.Add(s.Expires), strconv.Itoa(int(s.Expires/time.Second))+" s"
	}
	switch {
	case now.After(limit):
		return &Error{Mismatch, "Signature expired: " + s.Time.Format(timeFormat) + " is now earlier than " +
			now.Add(s.Time.Sub(limit)).Format(timeFormat) + " (" + now.Format(timeFormat) + " - " + what + ")"}
	case now.Before(s.Time.Add(-Skew)):
		return &Error{Mismatch, "Signature not yet current: " + s.Time.Format(timeFormat) + " is still later than " +
			now.Add(Skew).Format(timeFormat) + " (" + now.Format(timeFormat) + " + 15 min.)"}
	}
	return nil
}

// Verify checks the signature of r with the key's secret. payload is the hex SHA-256 of the body as it was received, or
// one of the values above.
func (s *Signature) Verify(r *http.Request, secret, payload string) error {
	if err := s.checkCoverage(r); err != nil {
		return err
	}
	key := signingKey(secret, s.Day, s.Region, s.Service)
	want, err := hex.DecodeString(s.Value)
	if err != nil {
		return mismatch()
	}
	path := wirePath(r)
	for _, p := range []string{path, normalized(path)} {
		if hmac.Equal(sign(key, s.stringToSign(canonicalRequest(r, s, p, payload))), want) {
			return nil
		}
		if p == normalized(path) {
			break
		}
	}
	return mismatch()
}

// checkCoverage refuses requests whose meaning was not signed: the host, and every x-amz header.
func (s *Signature) checkCoverage(r *http.Request) error {
	if !slices.Contains(s.SignedHeaders, "host") && !slices.Contains(s.SignedHeaders, ":authority") {
		return &Error{Mismatch, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}
	}
	for name := range r.Header {
		// A session token vouches for itself: without the secret in it no signature comes out right.
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && lower != "x-amz-security-token" &&
			!slices.Contains(s.SignedHeaders, lower) {
			return &Error{Mismatch, "There were headers present in the request which were not signed: " + lower}
		}
	}
	return nil
}

func (s *Signature) stringToSign(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return algorithm + "\n" + s.Time.Format(timeFormat) + "\n" + s.Scope() + "\n" + hex.EncodeToString(sum[:])
}

func mismatch() error {
	return &Error{Mismatch, "The request signature we calculated does not match the signature you provided. Check your AWS " +
		"Secret Access Key and signing method. Consult the service documentation for details."}
}

func signingKey(secret, day, region, service string) []byte {
	return sign(sign(sign(sign([]byte("AWS4"+secret), day), region), service), "aws4_request")
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
