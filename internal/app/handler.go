package app

import (
	"context"
	"encoding/json"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	ownPath     = "/_atelier/"
	healthPath  = ownPath + "health"
	metricsPath = ownPath + "metrics"
)

// handler puts the server's own pages before the API.
func (s *Server) handler(registry *prometheus.Registry, services []wire.Service) http.Handler {
	own := http.NewServeMux()
	own.HandleFunc("GET "+healthPath, s.health)
	own.Handle("GET "+metricsPath, fromHere(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
	own.HandleFunc(ownPath, http.NotFound)
	sites := map[string]wire.Site{}
	var others []other
	var finders []func(context.Context, string) wire.Site
	for _, service := range services {
		if p, ok := service.(interface{ Sites() map[string]wire.Site }); ok {
			maps.Copy(sites, p.Sites())
		}
		if p, ok := service.(other); ok {
			others = append(others, p)
		}
		if p, ok := service.(interface {
			Host(ctx context.Context, name string) wire.Site
		}); ok {
			finders = append(finders, p.Host)
		}
		if p, ok := service.(interface {
			Pages() map[string]http.Handler
		}); ok {
			for path, h := range p.Pages() {
				own.Handle("GET "+path, h)
			}
		}
	}
	hosts := func(ctx context.Context, name string) wire.Site {
		for _, find := range finders {
			if site := find(ctx, name); site != nil {
				return site
			}
		}
		return nil
	}
	return wire.Sites(sites, ownPath, wire.Hosts(hosts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only these paths: a mux would clean and redirect the paths of objects.
		if strings.HasPrefix(r.URL.Path, ownPath) {
			own.ServeHTTP(w, r)
			return
		}
		for _, o := range others {
			if o.Serves(r) {
				wire.Site(func(_ string, w http.ResponseWriter, r *http.Request) { o.ServeHTTP(w, r) }).Serve("", w, r)
				return
			}
		}
		s.chain.ServeHTTP(w, r)
	})))
}

// other is a service that answers requests to the port's own name which are no calls of an API, such as those to a registry of images.
type other interface {
	http.Handler
	Serves(r *http.Request) bool
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "ok", "version": s.cfg.Version})
}

// fromHere lets only clients of this machine in: metrics tell what is called how often.
func fromHere(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "metrics are for this machine alone", http.StatusForbidden)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// httpLog takes net/http's complaints about clients as what they are: of interest to who debugs.
func httpLog(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }
