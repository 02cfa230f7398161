package bedrock

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
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
)

// attempts is how often a record is asked for when the model is busy or failed.
const attempts = 4

// record answers one record. An error ends the batch; what is wrong with the record is an answer.
func (r *run) record(ctx context.Context, n int, line []byte) (answered, error) {
	var in struct {
		ID    string          `json:"recordId"`
		Input json.RawMessage `json:"modelInput"`
	}
	out := map[string]any{}
	a := answered{Record: n}
	bad := func(status int, text string) {
		out["error"] = map[string]any{"errorCode": status, "errorMessage": text}
		a.Bad = true
	}
	err := json.Unmarshal(line, &in)
	if in.ID == "" {
		in.ID = fmt.Sprintf("%011d", n+1)
	}
	out["recordId"] = in.ID
	switch {
	case line == nil:
		bad(http.StatusBadRequest, "The record is too long.")
	case err != nil:
		bad(http.StatusBadRequest, "The record is not a JSON object.")
	case len(in.Input) == 0 || in.Input[0] != '{':
		bad(http.StatusBadRequest, "The record has no modelInput object.")
	default:
		out["modelInput"] = in.Input
		status, body, err := r.ask(ctx, in.Input)
		if err != nil {
			return a, err
		}
		if status != http.StatusOK {
			var e struct {
				Message string `json:"message"`
			}
			_ = json.Unmarshal(body, &e)
			bad(status, e.Message)
			break
		}
		out["modelOutput"] = json.RawMessage(body)
		a.Input, a.Output = tokens(body)
	}
	a.Line, err = json.Marshal(out)
	return a, err
}

// ask calls the runtime as the batch's role, and again when it may help.
func (r *run) ask(ctx context.Context, body []byte) (status int, answer []byte, err error) {
	operation := "invoke"
	if r.b.Type == types.ModelInvocationTypeConverse {
		operation = "converse"
	}
	for try := 1; ; try++ {
		if status, answer, err = r.call(ctx, operation, body); err != nil {
			return status, answer, err
		}
		if try == attempts || status != http.StatusTooManyRequests && status < http.StatusInternalServerError {
			return status, answer, nil
		}
		select {
		case <-ctx.Done():
			return 0, nil, context.Cause(ctx)
		case <-time.After(time.Duration(try*try) * 200 * time.Millisecond):
		}
	}
}

// call sends a record as it is: the SDK would have to read it into its own types and write it anew.
func (r *run) call(ctx context.Context, operation string, body []byte) (int, []byte, error) {
	c, err := r.config(ctx)
	if err != nil {
		return 0, nil, err
	}
	at := aws.ToString(c.BaseEndpoint) + "/model/" + url.PathEscape(r.b.Model) + "/" + operation
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("cannot ask the model: %w", err)
	}
	q.Header.Set("Content-Type", "application/json")
	keys, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot ask the model: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, q, hex.EncodeToString(sum[:]), "bedrock", r.b.Region, r.s.Clock.Now()); err != nil {
		return 0, nil, fmt.Errorf("cannot ask the model: %w", err)
	}
	answer, err := c.HTTPClient.Do(q)
	if err != nil {
		if ctx.Err() != nil {
			return 0, nil, context.Cause(ctx)
		}
		return 0, nil, fmt.Errorf("cannot ask the model: %w", err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxRecord))
	if err != nil {
		if ctx.Err() != nil {
			return 0, nil, context.Cause(ctx)
		}
		return 0, nil, errors.Join(errors.New("cannot ask the model"), err)
	}
	return answer.StatusCode, bytes.TrimSpace(b), nil
}

// tokens reads the counts out of an answer of any family.
func tokens(body []byte) (input, output int64) {
	var a struct {
		Prompt     int64 `json:"prompt_token_count"`
		Generation int64 `json:"generation_token_count"`
		Input      int64 `json:"inputTextTokenCount"`
		Results    []struct {
			Tokens int64 `json:"tokenCount"`
		} `json:"results"`
		Usage struct {
			Input   int64 `json:"inputTokens"`
			Output  int64 `json:"outputTokens"`
			Input2  int64 `json:"input_tokens"`
			Output2 int64 `json:"output_tokens"`
		} `json:"usage"`
	}
	if json.Unmarshal(body, &a) != nil {
		return 0, 0
	}
	input = a.Prompt + a.Input + a.Usage.Input + a.Usage.Input2
	output = a.Generation + a.Usage.Output + a.Usage.Output2
	for _, x := range a.Results {
		output += x.Tokens
	}
	return input, output
}
