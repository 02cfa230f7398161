package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
)

const (
	// integration is the content type of a streamed answer that begins with its status and headers.
	// Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
	integration = "application/vnd.awslambda.http-integration-response"
	// maxPrelude is how long these are at most.
	maxPrelude = 64 << 10
)

// prelude ends status and headers.
var prelude = make([]byte, 8)

// streamed is an answer that goes out while it is made.
type streamed struct {
	w     http.ResponseWriter
	head  []byte // what came of status and headers
	wait  bool   // for the end of them
	begun bool
}

// Start is told what comes.
func (a *streamed) Start(contentType string) {
	if a.wait = contentType == integration; !a.wait && contentType != "" {
		a.w.Header().Set("Content-Type", contentType)
	}
}

var errPrelude = errors.New("status and headers of a streamed answer are malformed")

// Write sends a part.
func (a *streamed) Write(p []byte) (int, error) {
	n := len(p)
	if a.wait {
		a.head = append(a.head, p...)
		at := bytes.Index(a.head, prelude)
		if at < 0 {
			if len(a.head) > maxPrelude {
				return 0, errPrelude
			}
			return n, nil
		}
		var h answered
		if err := json.Unmarshal(a.head[:at], &h); err != nil || !h.begin(a.w) {
			return 0, errPrelude
		}
		p, a.wait, a.begun = a.head[at+len(prelude):], false, true
	}
	if !a.begun && a.w.Header().Get("Content-Type") == "" {
		a.w.Header().Set("Content-Type", "application/octet-stream")
	}
	a.begun = true
	if _, err := a.w.Write(p); err != nil {
		return 0, err
	}
	return n, http.NewResponseController(a.w).Flush()
}
