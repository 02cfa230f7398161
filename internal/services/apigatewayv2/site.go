package apigatewayv2

import (
	"context"
	"net/http"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/gateway"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// changed notes where an API is, and that it is to be made ready anew. It is told within the image.
func (s *Service) changed(k store.Key, now *api) {
	s.age++
	s.live.Delete(k.ID)
	if now == nil {
		delete(s.places, k.ID)
		s.gateway.Forget(k.ID)
		return
	}
	s.places[k.ID] = k
}

func (s *Service) forget() {
	s.age++
	clear(s.places)
	s.live.Clear()
}

// renamed notes which names of hosts are whose.
func (s *Service) renamed(k store.Key, old, now *domain) {
	if old != nil {
		delete(s.hosts, k.ID)
		delete(s.hosts, old.alias())
	}
	if now != nil {
		s.hosts[k.ID] = k
		s.hosts[now.alias()] = k
	}
}

// Sites are the hosts that APIs are reached at.
func (s *Service) Sites() map[string]wire.Site {
	return map[string]wire.Site{"execute-api": func(id string, w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(id, "d-") {
			if site := s.Host(r.Context(), id); site != nil {
				site(id, w, r)
				return
			}
		}
		a, err := s.ready(r.Context(), id)
		if err != nil {
			s.unready(w, id, err)
			return
		}
		s.gateway.Serve(a, w, r)
	}}
}

func (s *Service) unready(w http.ResponseWriter, id string, err error) {
	s.Logger.Error("cannot read API", "api", id, "error", err)
	http.Error(w, `{"message":"Internal Server Error"}`, http.StatusInternalServerError)
}

// ready gives an API that is ready for requests, nil when there is none.
func (s *Service) ready(ctx context.Context, id string) (*gateway.API, error) {
	if a, ok := s.live.Load(id); ok {
		return a.(*gateway.API), nil
	}
	var k store.Key
	var ok bool
	var age uint64
	if err := s.image.Read(ctx, func() { k, ok = s.places[id]; age = s.age }); err != nil || !ok {
		return nil, err
	}
	d := gateway.Definition{Account: k.Account, Region: k.Region, ID: id}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		a, err := s.apis.Get(tx, k)
		if err != nil {
			return err
		}
		d.Closed = aws.ToBool(a.DisableExecuteApiEndpoint)
		for _, g := range a.Stages {
			x := gateway.StageDefinition{Stage: g}
			if id := aws.ToString(g.DeploymentId); id != "" {
				dep, err := s.deployments.Get(tx, below(k, id))
				if err != nil && !absent(err) {
					return err
				}
				x.Deployed = dep.Holds
			}
			d.Stages = append(d.Stages, x)
		}
		return nil
	})
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a := s.gateway.Compile(d)
	return a, s.image.Read(ctx, func() {
		if s.age == age { // nothing changed since it was read
			s.live.Store(id, a)
		}
	})
}

// Host gives what answers at a name that is a domain name of somebody's, nil when it is nobody's.
func (s *Service) Host(ctx context.Context, name string) wire.Site {
	var d domain
	var k store.Key
	var ok bool
	if err := s.image.Read(ctx, func() {
		if k, ok = s.hosts[name]; ok {
			d, ok = s.domains.Rows()[k]
		}
	}); err != nil || !ok {
		return nil
	}
	return func(_ string, w http.ResponseWriter, r *http.Request) { s.serveDomain(d, w, r) }
}

// serveDomain finds the mapping with the longest key that the path begins with.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-mappings.html
func (s *Service) serveDomain(d domain, w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	best, inner := "", ""
	for id, m := range d.Mappings {
		key := aws.ToString(m.ApiMappingKey)
		rest, ok := strings.CutPrefix(path, key)
		if !ok || key != "" && rest != "" && rest[0] != '/' {
			continue
		}
		if best == "" || len(key) > len(aws.ToString(d.Mappings[best].ApiMappingKey)) {
			best, inner = id, "/"+strings.TrimPrefix(rest, "/")
		}
	}
	if best == "" {
		gateway.Forbidden(w)
		return
	}
	m := d.Mappings[best]
	a, err := s.ready(r.Context(), *m.ApiId)
	if err != nil {
		s.unready(w, *m.ApiId, err)
		return
	}
	if a == nil {
		gateway.NotFound(w)
		return
	}
	s.gateway.ServeStage(a, *m.Stage, inner, w, r)
}
