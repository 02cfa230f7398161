package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
)

// change is one parameter mapping: "append:header.name" with its value.
type change struct {
	verb, place, name string
	value             expression.Template
}

var errParameter = errors.New("invalid mapping expression specified")

// parameters reads the mappings of a request, or of an answer.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
func parameters(has map[string]string, answer bool) (out []change, err error) {
	roots := []string{"request", "context", "stageVariables"}
	if answer {
		roots = append(roots, "response")
	}
	for _, key := range slices.Sorted(maps.Keys(has)) {
		c := change{}
		var rest string
		c.verb, rest, _ = strings.Cut(key, ":")
		c.place, c.name, _ = strings.Cut(rest, ".")
		if !c.fits(answer) {
			return nil, fmt.Errorf("%w: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: %s]", errParameter, key)
		}
		if c.value, err = expression.Parse(has[key], roots...); err != nil {
			return nil, fmt.Errorf("%w: Validation Result: warnings : [], errors : [Invalid mapping expression specified: %s]", errParameter, has[key])
		}
		out = append(out, c)
	}
	return out, nil
}

func (c change) fits(answer bool) bool {
	verbs := c.verb == "append" || c.verb == "overwrite" || c.verb == "remove"
	switch c.place {
	case "header":
		return verbs && headerName(c.name) && !reserved(c.name)
	case "querystring":
		return verbs && !answer && c.name != ""
	case "path":
		return c.verb == "overwrite" && !answer && c.name == ""
	case "statuscode":
		return c.verb == "overwrite" && answer && c.name == ""
	}
	return false
}

func headerName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

// reserved tells headers that no mapping may touch.
func reserved(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"access-control-", "apigw-", "x-amz-", "x-amzn-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded", "keep-alive", "origin",
		"proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
		"via"}, name)
}

// outgoing is what mappings make of a request.
type outgoing struct {
	header   http.Header
	rawQuery string
	path     string // "" as it was
}

// mapped applies a request's mappings. Values are those of the request as it came.
func mapped(changes []change, header http.Header, rawQuery string, from expression.Source) outgoing {
	out := outgoing{header: header, rawQuery: rawQuery}
	if len(changes) == 0 {
		return out
	}
	out.header = header.Clone()
	query, _ := url.ParseQuery(rawQuery)
	touched := false
	for _, c := range changes {
		value := c.value.Fill(from, "")
		switch c.place {
		case "header":
			c.header(out.header, value)
		case "querystring":
			touched = true
			switch c.verb {
			case "append":
				query.Add(c.name, value)
			case "overwrite":
				query.Set(c.name, value)
			case "remove":
				query.Del(c.name)
			}
		case "path":
			out.path = value
		}
	}
	if touched {
		out.rawQuery = query.Encode()
	}
	return out
}

func (c change) header(h http.Header, value string) {
	if strings.ContainsAny(value, "\r\n\x00") {
		return
	}
	switch c.verb {
	case "append":
		h.Add(c.name, value)
	case "overwrite":
		h.Set(c.name, value)
	case "remove":
		h.Del(c.name)
	}
}

// answered applies an answer's mappings to its header, and gives its status.
func answered(changes []change, status int, header http.Header, from expression.Source) int {
	for _, c := range changes {
		value := c.value.Fill(from, "")
		switch c.place {
		case "header":
			c.header(header, value)
		case "statuscode":
			if n, err := strconv.Atoi(value); err == nil && n >= 200 && n <= 599 {
				status = n
			}
		}
	}
	return status
}
