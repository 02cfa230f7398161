package sandbox

import (
	"encoding/json"
	"fmt"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// failure is why an invocation went wrong, other than by an error that the function itself reported.
// The types are those of https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html and of what AWS answers.
type failure struct {
	kind, message string
	body          []byte // the runtime's own words, when it had some
}

func (f *failure) Error() string { return f.kind + ": " + f.message }

// payload is what the caller gets.
func (f *failure) payload(requestID string) []byte {
	if f.body != nil {
		return f.body
	}
	message := f.message
	if f.kind != responseTooLarge {
		message = fmt.Sprintf("RequestId: %s Error: %s", requestID, f.message)
	}
	b, _ := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{f.kind, message})
	return b
}

const responseTooLarge = "Function.ResponseSizeTooLarge"

func tooLarge() *failure {
	return &failure{kind: responseTooLarge, message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload)}
}

// exitFailure is the failure of a process that ended in the middle of an invocation.
func exitFailure(x compute.Exit) *failure {
	switch {
	case x.OutOfMemory:
		return &failure{kind: "Runtime.OutOfMemory", message: "Runtime exited with error: signal: killed"}
	case x.Signal != "":
		return &failure{kind: "Runtime.ExitError", message: "Runtime exited with error: signal: " + x.Signal}
	case x.Code != 0:
		return &failure{kind: "Runtime.ExitError", message: fmt.Sprintf("Runtime exited with error: exit status %d", x.Code)}
	}
	return &failure{kind: "Runtime.ExitError", message: "Runtime exited without providing a reason"}
}

// reported is an error that the runtime posted.
func reported(kind string, body []byte) *failure {
	var text struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal(body, &text) == nil && text.Type != "" {
		kind = text.Type
	}
	if kind == "" {
		kind = "Runtime.Unknown"
	}
	return &failure{kind: kind, message: text.Message, body: body}
}
