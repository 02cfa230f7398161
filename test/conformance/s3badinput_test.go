package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// TestBadObjectsInput sends documents and parameters that make no sense to S3's operations: a refusal, never an error of
// the server.
func TestBadObjectsInput(t *testing.T) {
	s := harness.Start(t)
	root := s.Root()
	if _, err := root.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bad-input")}); err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)
	bodies := map[string]string{
		"nothing": "", "a word": "yes", "half a document": "<Tagging><TagSet>", "200 deep": deep, "200-deep JSON": strings.Repeat(`{"A":`, 200),
		"invalid UTF-8": "<Tagging>\xff\xfe</Tagging>", "other root": "<Other/>", "bad enum": "<VersioningConfiguration><Status>Maybe</Status></VersioningConfiguration>",
		"over-long": "<Tagging><TagSet><Tag><Key>" + strings.Repeat("k", 5000) + "</Key><Value>v</Value></Tag></TagSet></Tagging>",
		"entities":  `<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;">]><Tagging>&d;</Tagging>`,
	}
	calls := []struct{ method, target string }{}
	for _, sub := range []string{"tagging", "versioning", "policy", "cors", "lifecycle", "notification", "publicAccessBlock", "encryption",
		"ownershipControls", "object-lock", "acl", "replication", "website", "logging", "accelerate", "requestPayment"} {
		calls = append(calls, struct{ method, target string }{http.MethodPut, "/bad-input?" + sub})
	}
	for _, c := range [][2]string{{"POST", "/bad-input?delete"}, {"PUT", "/bad-input-2"}, {"PUT", "/bad-input/k?tagging"}, {"PUT", "/bad-input/k?acl"},
		{"PUT", "/bad-input/k?retention"}, {"PUT", "/bad-input/k?legal-hold"}, {"POST", "/bad-input/k?uploadId=none"}, {"POST", "/bad-input/k?restore"},
		{"POST", "/bad-input/k?select&select-type=2"}, {"PUT", "/bad-input/k?partNumber=0&uploadId=x"}, {"PUT", "/bad-input/k?partNumber=no&uploadId=x"},
		{"GET", "/bad-input?list-type=2&max-keys=-1"}, {"GET", "/bad-input?list-type=2&max-keys=many"}, {"GET", "/bad-input?list-type=9"},
		{"GET", "/bad-input?list-type=2&continuation-token=%00%ff"}, {"GET", "/bad-input?versions&max-keys=x"}, {"GET", "/bad-input?uploads&max-uploads=-5"},
		{"GET", "/bad-input/k?versionId=..%2f..%2fetc"}, {"GET", "/bad-input/" + strings.Repeat("k", 1100)}, {"PUT", "/UPPER_case"}, {"PUT", "/x"},
		{"GET", "/bad-input/%ff%fe"}, {"DELETE", "/bad-input/..%2f..%2fstate.db"}} {
		calls = append(calls, struct{ method, target string }{c[0], c[1]})
	}
	n := 0
	for _, c := range calls {
		for what, body := range bodies {
			if c.method == http.MethodGet && body != "" {
				continue
			}
			r, err := http.NewRequest(c.method, s.URL+c.target, bytes.NewReader([]byte(body)))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(body))
			hash := hex.EncodeToString(sum[:])
			r.Header.Set("X-Amz-Content-Sha256", hash)
			signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
			if err := signer.SignHTTP(context.Background(), aws.Credentials{AccessKeyID: root.Key, SecretAccessKey: root.Secret}, r, hash, "s3", harness.Region, time.Now()); err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Errorf("%s %s, %s: %v", c.method, c.target, what, err)
				continue
			}
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			n++
			if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
				t.Errorf("%s %.60s, %s: %d %.300s", c.method, c.target, what, resp.StatusCode, b)
			}
			if resp.StatusCode >= 400 && len(b) > 0 && !bytes.Contains(b, []byte("<Code>")) {
				t.Errorf("%s %.60s, %s: %d in another form: %.300s", c.method, c.target, what, resp.StatusCode, b)
			}
		}
	}
	t.Logf("%d requests", n)
	if resp, err := http.Get(s.URL + "/_atelier/health"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("not healthy after %d requests: %v", n, err)
	}
}
