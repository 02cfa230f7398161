package sagemaker

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
)

func TestSide(t *testing.T) {
	c := &types.DataCaptureConfig{CaptureContentTypeHeader: &types.CaptureContentTypeHeader{CsvContentTypes: []string{"text/tea"}, JsonContentTypes: []string{"application/tea"}}}
	f := func(kind, encoding, data string) {
		t.Helper()
		if got := side(c, "INPUT", kind, []byte("a,b")); got != (captureSide{kind, "INPUT", data, encoding}) {
			t.Errorf("got %+v, want %s %s", got, encoding, data)
		}
	}
	f("text/csv", "CSV", "a,b")
	f("text/csv; charset=utf-8", "CSV", "a,b")
	f("text/tea", "CSV", "a,b")
	f("application/json", "JSON", "a,b")
	f("application/tea", "JSON", "a,b")
	f("image/png", "BASE64", "YSxi")
	f("", "BASE64", "YSxi")
}

func TestCapture(t *testing.T) {
	f := open(t)
	capturing := func(percent int32) {
		f.endpoint(func(d *deployment) {
			d.Capture = &types.DataCaptureConfig{InitialSamplingPercentage: &percent, DestinationS3Uri: aws.String("s3://b/seen"),
				CaptureOptions: []types.CaptureOption{{CaptureMode: types.CaptureModeInput}, {CaptureMode: types.CaptureModeOutput}}}
		})
	}
	asks := func(body string) {
		f.Runtime().capture(f.ctx, f.key, &sagemakerruntime.InvokeEndpointInput{ContentType: aws.String("text/csv"), Body: []byte(body), InferenceId: aws.String("one"),
			CustomAttributes: aws.String("x=1")}, &sagemakerruntime.InvokeEndpointOutput{ContentType: aws.String("application/json"), Body: []byte("[1]"), InvokedProductionVariant: aws.String("V")})
	}
	f.endpoint(nil)
	asks("none")
	capturing(0)
	asks("none")
	if len(f.captures.waiting) != 0 {
		t.Error("something waits where nothing is captured")
	}
	capturing(100)
	asks("1,2")
	asks("3,4")
	asks(strings.Repeat("x", captureMost)) // more than may wait
	f.writeCaptures(f.ctx)
	if len(f.objects) != 1 || len(f.captures.waiting) != 0 {
		t.Fatalf("%d objects, %d wait", len(f.objects), len(f.captures.waiting))
	}
	for path, text := range f.objects {
		if !regexp.MustCompile(`^/b/seen/e/V/2026/01/02/03/04-05\.000-[0-9a-f-]{36}\.jsonl$`).MatchString(path) {
			t.Errorf("it lies at %s", path)
		}
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if len(lines) != 2 {
			t.Fatalf("got %s", text)
		}
		var r captureRecord
		f.ok(json.Unmarshal([]byte(lines[1]), &r))
		if r.CaptureData["endpointInput"] != (captureSide{"text/csv", "INPUT", "3,4", "CSV"}) || r.CaptureData["endpointOutput"] != (captureSide{"application/json", "OUTPUT", "[1]", "JSON"}) ||
			r.Metadata.InferenceID != "one" || r.Metadata.InferenceAt != "2026-01-02T03:04:05Z" || r.EventVersion != "0" || len(r.Metadata.Attributes) != 1 {
			t.Errorf("got %+v", r)
		}
	}
}
