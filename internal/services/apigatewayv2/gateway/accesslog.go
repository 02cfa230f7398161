package gateway

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
)

// accessLog is where and how a stage's requests are written down.
type accessLog struct {
	to     loglines.Stream
	format expression.Template
	json   bool
}

// logPrincipal is in whose name access logs are written.
const logPrincipal = "delivery.logs.amazonaws.com"

// maxLine is the longest line.
const maxLine = 256 << 10

// CheckLog tells what is wrong with the destination and format of access logs.
func CheckLog(destination, format string) error {
	_, err := compileLog(destination, format, delivery.As{}, "")
	return err
}

// compileLog reads the settings of a stage.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
func compileLog(destination, format string, as delivery.As, stream string) (*accessLog, error) {
	a, err := arn.Parse(destination)
	name, ok := strings.CutPrefix(a.Resource, "log-group:")
	if err != nil || a.Service != "logs" || !ok || name == "" {
		return nil, fmt.Errorf("invalid ARN specified in the request. ARN must be a CloudWatch Logs log group: %s", destination)
	}
	text := strings.TrimSuffix(format, "\n")
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("access log format must be single line, new line character is allowed only at end of the format")
	}
	t, err := expression.Parse(text, "context")
	if err != nil {
		return nil, fmt.Errorf("invalid access log format: %w", err)
	}
	id := false
	for _, v := range t.Variables() {
		id = id || len(v.Path) == 1 && (v.Path[0] == "requestId" || v.Path[0] == "extendedRequestId")
	}
	if !id {
		return nil, errors.New("access log format must include at least $context.requestId or $context.extendedRequestId")
	}
	to := loglines.Stream{As: as, Region: a.Region, Group: strings.TrimSuffix(name, ":*"), Stream: strings.ReplaceAll(stream, "$", "_")}
	return &accessLog{to, t, strings.HasPrefix(text, "{")}, nil
}

// line writes a request down.
func (l *accessLog) line(s source, latency time.Duration) string {
	line := l.format.Fill(logged{s, latency, l.json}, "-")
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "")
	}
	return line
}

// logged is a source whose values end no line, nor a string of JSON.
type logged struct {
	source
	latency time.Duration
	json    bool
}

// Value gives a variable of the context.
func (l logged) Value(v expression.Variable) (string, bool) {
	if len(v.Path) == 1 && v.Path[0] == "responseLatency" {
		return strconv.FormatInt(l.latency.Milliseconds(), 10), true
	}
	value, ok := l.source.Value(v)
	if !ok || v.Path[len(v.Path)-1] == "messageString" {
		return value, ok
	}
	return escaped(value, l.json), true
}

func escaped(s string, json bool) string {
	plain := utf8.ValidString(s)
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= ' ' && s[i] != 0x7f && !(json && (s[i] == '"' || s[i] == '\\'))
	}
	if plain {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case json && (c == '"' || c == '\\'):
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c == 0x7f:
			b.WriteByte(' ')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
