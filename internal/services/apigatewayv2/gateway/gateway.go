package gateway

import (
	"log/slog"
	"net/http"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
)

// principal is in whose name functions are called.
const principal = "apigateway.amazonaws.com"

// Config is what a gateway needs.
type Config struct {
	Directory *identity.Directory
	Clients   *delivery.Clients
	Caller    func(r *http.Request, service string, body []byte) (authz.Principal, error)
	Logs      *loglines.Shipper
	Metrics   metrics.Recorder
	Loopback  bool // integrations and issuers may be at addresses of this machine
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Gateway answers requests.
type Gateway struct {
	Config
	limits    limits
	functions functions
	verdicts  verdicts
	issuers   *issuers
	outward   http.RoundTripper
}

// New makes a gateway.
func New(c Config) *Gateway {
	transport := delivery.NewTransport(c.Loopback)
	transport.MaxIdleConnsPerHost, transport.DisableCompression = 64, true
	g := &Gateway{Config: c, outward: transport}
	g.functions.clients = c.Clients
	g.issuers = newIssuers(transport, c.Clock)
	return g
}

// Forget drops what is kept for an API that is gone.
func (g *Gateway) Forget(id string) {
	g.limits.forget(id)
	g.verdicts.forget(id + "/")
}

// Reset forgets what the authorizers of a stage have answered.
func (g *Gateway) Reset(id, stage string) { g.verdicts.forget(id + "/" + stage + "/") }
