package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// callService calls an AWS service in the name of the integration's role. Its answer is the client's, as the service gave it in JSON.
func (x *exchange) callService(i *integration) (payload.Response, int) {
	ctx, cancel := context.WithTimeout(x.r.Context(), i.timeout)
	defer cancel()
	c, values := i.service, map[string]string{}
	for name, v := range i.service.values {
		if value := v.Fill(source{x, nil}, ""); value != "" {
			values[name] = value
		}
	}
	for _, name := range c.required {
		if values[name] == "" {
			x.integration.failure = "Parameter " + name + " is empty"
			return payload.Response{}, http.StatusBadRequest
		}
	}
	region := values["Region"]
	if region == "" {
		region = x.stage.api.region
	}
	r, body, err := c.request(ctx, values)
	if err != nil {
		x.integration.failure = err.Error()
		return payload.Response{}, http.StatusBadRequest
	}
	config, err := x.Clients.Config(ctx, delivery.As{Service: principal, RoleARN: i.role, Account: x.stage.api.account}, region)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), false)
	}
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), false)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), c.service, region, x.Clients.Clock.Now()); err != nil {
		return payload.Response{}, x.failed(err.Error(), false)
	}
	a, err := config.HTTPClient.Do(r)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), ctx.Err() != nil)
	}
	defer a.Body.Close()
	answer, err := readAll(a.Body, a.ContentLength)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), ctx.Err() != nil)
	}
	x.integration.serviceStatus, x.integration.request = a.StatusCode, a.Header.Get("X-Amzn-Requestid")
	h := http.Header{}
	if len(answer) > 0 {
		h.Set("Content-Type", "application/json")
	}
	return payload.Response{Status: a.StatusCode, Header: h, Body: answer}, 0
}

// request writes a call as the service reads it.
func (c *serviceCall) request(ctx context.Context, values map[string]string) (*http.Request, []byte, error) {
	in, err := c.input(values)
	if err != nil {
		return nil, nil, err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://atelier.internal/", bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", c.target+"."+c.action)
	return r, body, nil
}

// input gives each parameter the type that the service wants.
func (c *serviceCall) input(values map[string]string) (any, error) {
	in := map[string]any{}
	for name, v := range values {
		switch name {
		case "Region":
		case "Resources", "AttributeNames", "MessageAttributeNames":
			in[name] = list(v)
		case "Time":
			in[name] = v
			if at, err := time.Parse(time.RFC3339, v); err == nil {
				in[name] = at.Unix()
			} else if n, err := strconv.ParseFloat(v, 64); err == nil {
				in[name] = n
			}
		case "DelaySeconds", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds":
			n, err := strconv.Atoi(v)
			if err != nil {
				return nil, fmt.Errorf("%s is no number", name)
			}
			in[name] = n
		case "MessageAttributes", "MessageSystemAttributes":
			if !json.Valid([]byte(v)) {
				return nil, fmt.Errorf("%s is no JSON", name)
			}
			in[name] = json.RawMessage(v)
		default:
			in[name] = v
		}
	}
	if c.service == "events" {
		return map[string]any{"Entries": []any{in}}, nil
	}
	return in, nil
}

// list reads a value that is a list in JSON, or words between commas.
func list(v string) (out []string) {
	if json.Unmarshal([]byte(v), &out) == nil {
		return out
	}
	for s := range strings.SplitSeq(v, ",") {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}
