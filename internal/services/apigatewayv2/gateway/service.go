package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// callService calls an AWS service in the name of the integration's role. Its answer is the client's, as the service gave it: XML
// of SQS, JSON of EventBridge.
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
	if t := a.Header.Get("Content-Type"); t != "" {
		h.Set("Content-Type", t)
	}
	return payload.Response{Status: a.StatusCode, Header: h, Body: answer}, 0
}

// request writes a call as the service reads it.
func (c *serviceCall) request(ctx context.Context, values map[string]string) (*http.Request, []byte, error) {
	var body []byte
	var err error
	header := http.Header{}
	if c.service == "events" {
		body, err = eventEntries(values)
		header.Set("Content-Type", "application/x-amz-json-1.1")
		header.Set("X-Amz-Target", "AWSEvents."+c.action)
	} else {
		body, err = queueForm(c.action, values)
		header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	if err != nil {
		return nil, nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://atelier.internal/", bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header = header
	return r, body, nil
}

func eventEntries(values map[string]string) ([]byte, error) {
	e := map[string]any{}
	for name, v := range values {
		switch name {
		case "Region":
		case "Resources":
			e[name] = list(v)
		case "Time":
			if n, err := strconv.ParseFloat(v, 64); err == nil {
				e[name] = n
			} else {
				e[name] = v
			}
		default:
			e[name] = v
		}
	}
	return json.Marshal(map[string]any{"Entries": []any{e}})
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

// queueForm writes a call of SQS in the query protocol, whose answers HTTP APIs have always given.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func queueForm(action string, values map[string]string) ([]byte, error) {
	form := url.Values{"Action": {action}, "Version": {"2012-11-05"}}
	for name, v := range values {
		switch name {
		case "Region":
		case "AttributeNames", "MessageAttributeNames":
			prefix := strings.TrimSuffix(name, "s") + "."
			for n, s := range list(v) {
				form.Set(prefix+strconv.Itoa(n+1), s)
			}
		case "MessageAttributes", "MessageSystemAttributes":
			if err := attributes(form, strings.TrimSuffix(name, "s"), v); err != nil {
				return nil, err
			}
		default:
			form.Set(name, v)
		}
	}
	return []byte(form.Encode()), nil
}

// attributes writes message attributes, which are given in JSON by name.
func attributes(form url.Values, prefix, value string) error {
	var has map[string]struct{ DataType, StringValue, BinaryValue string }
	if err := json.Unmarshal([]byte(value), &has); err != nil {
		return fmt.Errorf("cannot read %ss: %w", prefix, err)
	}
	n := 0
	for name, a := range has {
		n++
		p := prefix + "." + strconv.Itoa(n) + "."
		form.Set(p+"Name", name)
		form.Set(p+"Value.DataType", a.DataType)
		if a.StringValue != "" {
			form.Set(p+"Value.StringValue", a.StringValue)
		}
		if a.BinaryValue != "" {
			form.Set(p+"Value.BinaryValue", a.BinaryValue)
		}
	}
	return nil
}
