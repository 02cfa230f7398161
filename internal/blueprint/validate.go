package blueprint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/atelier-studio/atelier/blueprints"
)

// Call calls the API of a stack, signed with the client's credentials.
func (c *Client) Call(ctx context.Context, s *Stack, method, path string, in any) (status int, out []byte, err error) {
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return 0, nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, s.Outputs["ApiUrl"]+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	keys, err := c.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "execute-api", c.Config.Region, time.Now()); err != nil {
		return 0, nil, err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot call the API: %w", err)
	}
	defer a.Body.Close()
	out, err = io.ReadAll(io.LimitReader(a.Body, 16<<20))
	return a.StatusCode, out, err
}

// ask is Call that wants a status, and reads the answer.
func (c *Client) ask(ctx context.Context, s *Stack, want int, method, path string, in, into any) error {
	status, out, err := c.Call(ctx, s, method, path, in)
	if err != nil {
		return err
	}
	if status != want {
		return fmt.Errorf("%s %s answers %d: %.500s", method, path, status, out)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("%s %s answers what is no JSON: %.200s", method, path, out)
	}
	return nil
}

// Validate has a real inference made through the API, and checks the answer. It says what was seen.
func (c *Client) Validate(ctx context.Context, b blueprints.Blueprint, s *Stack) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	switch b.Kind {
	case "async":
		return c.validateAsync(ctx, s)
	case "batch":
		return c.validateBatch(ctx, s)
	}
	var answers []map[string]any
	if err := c.ask(ctx, s, http.StatusOK, http.MethodPost, "/invoke", question(s), &answers); err != nil {
		return "", err
	}
	return "POST /invoke: " + clip(answers), judged(answers)
}

// judged checks that there are answers.
func judged(answers []map[string]any) error {
	if len(answers) == 0 {
		return errors.New("the model answers nothing")
	}
	for _, a := range answers {
		if a["label"] == nil && a["generated_text"] == nil {
			return fmt.Errorf("the model answers %s", clip(answers))
		}
	}
	return nil
}

func (c *Client) validateAsync(ctx context.Context, s *Stack) (string, error) {
	body, err := json.Marshal(question(s))
	if err != nil {
		return "", err
	}
	const key = "inference/async/input/validation.json"
	if err := c.put(ctx, s.Outputs["BucketName"], key, "application/json", body); err != nil {
		return "", err
	}
	var asked, told struct {
		ID     string `json:"inference_id"`
		Status string `json:"status"`
		Reason string `json:"failure_reason"`
	}
	if err := c.ask(ctx, s, http.StatusAccepted, http.MethodPost, "/invoke-async", map[string]any{"input_path": "s3://" + s.Outputs["BucketName"] + "/" + key}, &asked); err != nil {
		return "", err
	}
	if err := c.until(ctx, func() (bool, error) {
		err := c.ask(ctx, s, http.StatusOK, http.MethodGet, "/invocations/"+asked.ID, nil, &told)
		return told.Status != "InProgress", err
	}); err != nil {
		return "", err
	}
	if told.Status != "Completed" {
		return "", fmt.Errorf("the inference is %s: %s", told.Status, told.Reason)
	}
	var answers []map[string]any
	if err := c.ask(ctx, s, http.StatusOK, http.MethodGet, "/invocations/"+asked.ID+"/result", nil, &answers); err != nil {
		return "", err
	}
	return "POST /invoke-async, callback: " + clip(answers), judged(answers)
}

func (c *Client) validateBatch(ctx context.Context, s *Stack) (string, error) {
	var asked, told struct {
		Name    string `json:"job_name"`
		Status  string `json:"status"`
		Reason  string `json:"failure_reason"`
		Records *int   `json:"records"`
	}
	reviews, err := samples()
	if err != nil {
		return "", err
	}
	const key = "inference/batch/input/sample-reviews.jsonl"
	if err := c.put(ctx, s.Outputs["BucketName"], key, "application/jsonlines", reviews); err != nil {
		return "", err
	}
	if err := c.ask(ctx, s, http.StatusAccepted, http.MethodPost, "/start-batch-job", map[string]any{"input": "s3://" + s.Outputs["BucketName"] + "/" + key}, &asked); err != nil {
		return "", err
	}
	if err := c.until(ctx, func() (bool, error) {
		err := c.ask(ctx, s, http.StatusOK, http.MethodGet, "/batch-jobs/"+asked.Name, nil, &told)
		return told.Records != nil, err // the next step has counted them
	}); err != nil {
		return "", err
	}
	want := bytes.Count(reviews, []byte("\n"))
	if told.Status != "Completed" || *told.Records != want {
		return "", fmt.Errorf("the job is %s with %d records of %d: %s", told.Status, *told.Records, want, told.Reason)
	}
	return fmt.Sprintf("POST /start-batch-job, next step: %d records", want), nil
}

// until asks until something is so.
func (c *Client) until(ctx context.Context, so func() (bool, error)) error {
	for {
		yes, err := so()
		if yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.pause()):
		}
	}
}

// clip is a value as it fits in a line.
func clip(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	s := strings.TrimSpace(string(b))
	if len(s) > 100 {
		return s[:97] + "..."
	}
	return s
}
