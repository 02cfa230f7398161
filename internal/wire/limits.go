package wire

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// maxBody is the largest request of most services, in bytes.
	maxBody = 8 << 20
	// maxUnsigned is the largest request of somebody unknown.
	maxUnsigned = 256 << 10
	// patience is how long a client may send nothing, and leastRate, in bytes per second, what it must send all in all.
	patience  = 30 * time.Second
	leastRate = 8 << 10
)

// bodyLimits are those of services with larger requests: base64 adds a third to a blob within JSON.
// Sources: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (50 MB archives),
// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html (25 MB),
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html (25 MB),
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html (16 MB)
var bodyLimits = map[string]int64{
	"lambda":            70 << 20,
	"sagemaker-runtime": 26 << 20,
	"bedrock-runtime":   34 << 20,
	"dynamodb":          17 << 20,
	"ecr":               28 << 20, // layer parts of 20 MB
	"datazone":          16 << 20,
}

func bodyLimit(service string) int64 {
	if n, ok := bodyLimits[service]; ok {
		return n
	}
	return maxBody
}

var errTooLarge = errors.New("request body is too large")

// guarded is a request body that ends in an error when it is too long or comes too slowly.
type guarded struct {
	body     io.ReadCloser
	control  *http.ResponseController
	left     int64 // -1: any length
	limited  bool
	start    time.Time
	read     int64
	deadline time.Time
}

// guard wraps the body of r. limit 0 means any length.
func guard(w http.ResponseWriter, r *http.Request, limit int64) *guarded {
	return &guarded{body: r.Body, control: http.NewResponseController(w), left: limit, limited: limit > 0, start: time.Now()}
}

// Read reads on. The deadline of the connection moves with what has come.
func (g *guarded) Read(p []byte) (int, error) {
	// In-process requests have no connection and so no deadline.
	now := time.Now()
	d := now.Add(patience)
	if most := g.start.Add(patience + time.Duration(g.read/leastRate)*time.Second); most.Before(d) {
		d = most
	}
	if d.Sub(g.deadline) > time.Second || g.deadline.After(d) {
		_ = g.control.SetReadDeadline(d)
		g.deadline = d
	}
	if g.limited && int64(len(p)) > g.left+1 {
		p = p[:g.left+1]
	}
	n, err := g.body.Read(p)
	g.read += int64(n)
	if g.limited {
		if g.left -= int64(n); g.left < 0 {
			return 0, errTooLarge
		}
	}
	if err != nil {
		g.done()
	}
	return n, err
}

// done lifts the deadline: a handler may take its time.
func (g *guarded) done() {
	if !g.deadline.IsZero() {
		_ = g.control.SetReadDeadline(time.Time{})
		g.deadline = time.Time{}
	}
}

// Close closes the body.
func (g *guarded) Close() error {
	g.done()
	return g.body.Close()
}

// readBody reads a whole body of at most limit bytes.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	g := guard(w, r, limit)
	defer g.done()
	// What the client only claims to send gets no memory in advance.
	b := make([]byte, 0, min(max(r.ContentLength+1, 512), 64<<10))
	for {
		n, err := g.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// bodyFault turns an error of reading a body into what the caller is told.
func bodyFault(err error) (fault, string) {
	switch {
	case errors.Is(err, errTooLarge):
		return requestTooLarge, "Request size exceeds the limit of this service."
	case errors.Is(err, os.ErrDeadlineExceeded):
		return requestTimeout, "The request body did not come in time."
	}
	return fault{"IncompleteBody", "SerializationException", http.StatusBadRequest}, "The request body ended before its announced length."
}
