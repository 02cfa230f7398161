package sagemaker

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime"
	"slices"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
)

const (
	captureEvery = 10 * time.Second // how long records wait to be written together
	captureMost  = 8 << 20          // bytes of an endpoint that wait at most; more are dropped
)

// captures are the records of invocations that wait to be written.
type captures struct {
	mu      sync.Mutex
	waiting map[captureFile]*bytes.Buffer
}

// captureFile is where records go together.
type captureFile struct {
	of                store.Key
	role, at, variant string // at: the S3 URI of the destination
}

// captureRecord is a line of a captured file.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
type captureRecord struct {
	CaptureData  map[string]captureSide `json:"captureData"`
	Metadata     captureMetadata        `json:"eventMetadata"`
	EventVersion string                 `json:"eventVersion"`
}

type captureSide struct {
	ContentType string `json:"observedContentType"`
	Mode        string `json:"mode"`
	Data        string `json:"data"`
	Encoding    string `json:"encoding"`
}

type captureMetadata struct {
	EventID     string   `json:"eventId"`
	InferenceID string   `json:"inferenceId,omitempty"`
	Attributes  []string `json:"customAttributes,omitempty"`
	InferenceAt string   `json:"inferenceTime"`
}

// capture remembers what was asked and answered, when the endpoint captures data and the sample hits.
func (s *Runtime) capture(ctx context.Context, k store.Key, in *sagemakerruntime.InvokeEndpointInput, out *sagemakerruntime.InvokeEndpointOutput) {
	e, err := s.served(ctx, k)
	if err != nil || e == nil || e.capture == nil {
		return
	}
	c := e.capture
	if rand.IntN(100) >= int(aws.ToInt32(c.InitialSamplingPercentage)) {
		return
	}
	r := captureRecord{CaptureData: map[string]captureSide{}, EventVersion: "0",
		Metadata: captureMetadata{EventID: newID(), InferenceID: aws.ToString(in.InferenceId), InferenceAt: s.Clock.Now().UTC().Format(time.RFC3339)}}
	if in.CustomAttributes != nil {
		r.Metadata.Attributes = []string{*in.CustomAttributes}
	}
	for _, o := range c.CaptureOptions {
		switch o.CaptureMode {
		case types.CaptureModeInput:
			r.CaptureData["endpointInput"] = side(c, "INPUT", aws.ToString(in.ContentType), in.Body)
		case types.CaptureModeOutput:
			r.CaptureData["endpointOutput"] = side(c, "OUTPUT", aws.ToString(out.ContentType), out.Body)
		case types.CaptureModeInputAndOutput:
			r.CaptureData["endpointInput"] = side(c, "INPUT", aws.ToString(in.ContentType), in.Body)
			r.CaptureData["endpointOutput"] = side(c, "OUTPUT", aws.ToString(out.ContentType), out.Body)
		}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return
	}
	f := captureFile{k, e.role, aws.ToString(c.DestinationS3Uri), aws.ToString(out.InvokedProductionVariant)}
	s.captures.mu.Lock()
	defer s.captures.mu.Unlock()
	if s.captures.waiting == nil {
		s.captures.waiting = map[captureFile]*bytes.Buffer{}
	}
	b := s.captures.waiting[f]
	if b == nil {
		b = new(bytes.Buffer)
		s.captures.waiting[f] = b
	}
	if b.Len()+len(line) <= captureMost {
		b.Write(line)
		b.WriteByte('\n')
	}
}

// side encodes a body as its content type says: text as it is, all else in base64.
func side(c *types.DataCaptureConfig, mode, contentType string, body []byte) captureSide {
	name, _, _ := mime.ParseMediaType(contentType)
	text := []string{"text/csv"}
	jsons := []string{"application/json"}
	if h := c.CaptureContentTypeHeader; h != nil {
		text, jsons = append(text, h.CsvContentTypes...), append(jsons, h.JsonContentTypes...)
	}
	out := captureSide{ContentType: contentType, Mode: mode, Data: string(body)}
	switch {
	case slices.Contains(text, name):
		out.Encoding = "CSV"
	case slices.Contains(jsons, name):
		out.Encoding = "JSON"
	default:
		out.Encoding, out.Data = "BASE64", base64.StdEncoding.EncodeToString(body)
	}
	return out
}

// writeCaptures writes what waits: <destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/<time and id>.jsonl.
func (s *Service) writeCaptures(ctx context.Context) {
	s.captures.mu.Lock()
	waiting := s.captures.waiting
	s.captures.waiting = nil
	s.captures.mu.Unlock()
	for f, b := range waiting {
		if err := s.writeCapture(ctx, f, b.Bytes()); err != nil {
			s.Logger.Error("cannot write captured data", "endpoint", anEndpoint.of(f.of), "to", f.at, "error", err)
		}
	}
}

func (s *Service) writeCapture(ctx context.Context, f captureFile, data []byte) error {
	bucket, prefix, ok := bucketAndKey(f.at)
	if !ok {
		return fmt.Errorf("%q is no S3 URI", f.at)
	}
	cfg, err := s.as(ctx, f.of, "", f.role)
	if err != nil {
		return err
	}
	now := s.Clock.Now().UTC()
	key := joined(prefix, f.of.ID, f.variant, now.Format("2006/01/02/15/04-05.000")+"-"+newID()+".jsonl")
	_, err = s3.NewFromConfig(cfg, pathStyle).PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data),
		ContentType: aws.String("application/jsonlines")})
	return err
}
