package payload

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ErrResponse is an answer of a function that is none of a proxy.
var ErrResponse = errors.New("The response from the Lambda function doesn't match the format that API Gateway expects.")

// Response is an answer for the client.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// answer is a function's answer in either format.
type answer struct {
	StatusCode        json.RawMessage              `json:"statusCode"`
	Headers           map[string]json.RawMessage   `json:"headers"`
	MultiValueHeaders map[string][]json.RawMessage `json:"multiValueHeaders"`
	Cookies           []string                     `json:"cookies"`
	Body              json.RawMessage              `json:"body"`
	IsBase64Encoded   bool                         `json:"isBase64Encoded"`
}

// Read reads what an integration's function answers. Errors are ErrResponse.
func Read(version string, payload []byte) (Response, error) {
	payload = bytes.TrimSpace(payload)
	var a answer
	object := len(payload) > 0 && payload[0] == '{'
	if object {
		if err := json.Unmarshal(payload, &a); err != nil {
			if version != V2 || !json.Valid(payload) || has(payload, "statusCode") {
				return Response{}, ErrResponse
			}
			a = answer{}
		}
	}
	if len(a.StatusCode) == 0 || string(a.StatusCode) == "null" {
		if version != V2 || !json.Valid(payload) && len(payload) > 0 {
			return Response{}, ErrResponse
		}
		return inferred(payload), nil
	}
	r := Response{Header: http.Header{}}
	status, err := scalar(a.StatusCode)
	if err != nil {
		return Response{}, err
	}
	if r.Status, err = strconv.Atoi(status); err != nil || r.Status < 200 || r.Status > 599 {
		return Response{}, fmt.Errorf("%w: statusCode %.20s", ErrResponse, status)
	}
	if version == V2 {
		a.MultiValueHeaders = nil
	} else {
		a.Cookies = nil
	}
	if err := a.fill(&r); err != nil {
		return Response{}, err
	}
	if r.Header.Get("Content-Type") == "" && len(r.Body) > 0 {
		r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	return r, nil
}

func has(payload []byte, name string) bool {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(payload, &object)
	_, ok := object[name]
	return ok
}

// inferred takes an answer that says nothing of itself for a body.
func inferred(payload []byte) Response {
	var text string
	if len(payload) > 0 && payload[0] == '"' && json.Unmarshal(payload, &text) == nil {
		payload = []byte(text)
	}
	return Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: payload}
}

func (a *answer) fill(r *Response) error {
	for name, v := range a.Headers {
		text, err := scalar(v)
		if err != nil {
			return err
		}
		if many := a.MultiValueHeaders[name]; len(many) == 0 {
			set(r.Header, name, text, true)
		}
	}
	for name, many := range a.MultiValueHeaders {
		for i, v := range many {
			text, err := scalar(v)
			if err != nil {
				return err
			}
			set(r.Header, name, text, i == 0)
		}
	}
	for _, c := range a.Cookies {
		set(r.Header, "Set-Cookie", c, false)
	}
	if len(a.Body) == 0 || string(a.Body) == "null" {
		return nil
	}
	body, err := scalar(a.Body)
	if err != nil {
		return err
	}
	r.Body = []byte(body)
	if a.IsBase64Encoded {
		if r.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return fmt.Errorf("%w: body is not base64", ErrResponse)
		}
	}
	return nil
}

// hop are headers of a connection, which are the server's to write.
var hop = []string{"Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// Hop tells headers that belong to one connection.
func Hop(name string) bool { return slices.Contains(hop, http.CanonicalHeaderKey(name)) }

// set writes a header unless it is the server's own or could not be sent.
func set(h http.Header, name, value string, first bool) {
	if name == "" || Hop(name) || strings.ContainsAny(value, "\r\n\x00") || strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	}) {
		return
	}
	if first {
		h.Set(name, value)
	} else {
		h.Add(name, value)
	}
}

// scalar is text, or what a number or truth is as text.
func scalar(v json.RawMessage) (string, error) {
	if len(v) == 0 || string(v) == "null" {
		return "", nil
	}
	switch v[0] {
	case '"':
		var s string
		if json.Unmarshal(v, &s) != nil {
			return "", ErrResponse
		}
		return s, nil
	case '{', '[':
		return "", fmt.Errorf("%w: %.20s is not text", ErrResponse, v)
	}
	return string(v), nil
}
