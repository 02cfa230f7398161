package wire

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/atelier-studio/atelier/internal/wire/codec"
)

// metrics count requests. Labels come from the API facts alone, so nobody can make more of them.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "atelier_requests_total",
			Help: "Requests answered, by service, operation and HTTP status."}, []string{"service", "operation", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "atelier_request_duration_seconds",
			Help: "Time from the first byte of a request's header to the last of its answer.", Buckets: prometheus.ExponentialBuckets(0.0001, 4, 10)},
			[]string{"service"}),
	}
	r.MustRegister(m.requests, m.duration)
	return m
}

func (m *metrics) observe(e *endpoint, op *codec.Operation, status int, d time.Duration) {
	name := "unknown"
	if op != nil {
		name = op.Name()
	}
	m.add(e.Name, name, status, d)
}

func (m *metrics) observeS3(method string, status int, d time.Duration) {
	switch method {
	case http.MethodGet, http.MethodPut, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	m.add("s3", method, status, d)
}

func (m *metrics) add(service, operation string, status int, d time.Duration) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(service, operation, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(service).Observe(d.Seconds())
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader sends the status.
func (r *recorder) WriteHeader(status int) {
	if !r.wrote && status >= 200 {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap gives http.ResponseController the connection's own writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush sends what is buffered.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }
