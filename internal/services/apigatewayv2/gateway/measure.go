package gateway

import (
	"time"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
)

// measure records what CloudWatch shows of an HTTP API: for the API, for the stage, and for the route when its settings say so.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
func (x *exchange) measure(latency time.Duration) {
	s := x.stage
	api := metrics.Dimension{Name: "ApiId", Value: s.api.id}
	stage := metrics.Dimension{Name: "Stage", Value: s.name}
	sets := [][]metrics.Dimension{{api}, {api, stage}}
	if r := x.route; r != nil && r.detailed {
		method := r.key.Method
		if method == "" {
			method = r.key.Text
		}
		sets = append(sets, []metrics.Dimension{api, stage, {Name: "Method", Value: method}, {Name: "Resource", Value: r.path()}})
	}
	data := make([]metrics.Datum, 0, 6*len(sets))
	for _, d := range sets {
		add := func(name, unit string, value float64) {
			data = append(data, metrics.Datum{Name: name, Unit: unit, Value: value, Time: x.in.Time, Dimensions: d})
		}
		add("Count", "Count", 1)
		add("4xx", "Count", isTrue(x.status >= 400 && x.status < 500))
		add("5xx", "Count", isTrue(x.status >= 500))
		add("Latency", "Milliseconds", ms(latency))
		if x.integration.called {
			add("IntegrationLatency", "Milliseconds", ms(x.integration.latency))
		}
		add("DataProcessed", "Bytes", float64(x.written+len(x.in.Body)))
	}
	x.Metrics.Record(s.api.account, s.api.region, "AWS/ApiGateway", data...)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func isTrue(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
