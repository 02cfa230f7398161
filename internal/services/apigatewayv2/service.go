package apigatewayv2

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/gateway"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Clients   *delivery.Clients
	// Caller tells who signed a request to an API.
	Caller   func(r *http.Request, service string, body []byte) (authz.Principal, error)
	Logs     *loglines.Shipper
	Metrics  metrics.Recorder
	Loopback bool   // integrations and issuers may be at addresses of this machine
	URL      string // of the server, for those who call it from within
	Clock    clock.Clock
	Logger   *slog.Logger
}

// Service is API Gateway's HTTP APIs.
type Service struct {
	Config
	image       *store.Image
	apis        *store.Watched[api]
	deployments *store.Table[deployment]
	domains     *store.Held[domain]
	gateway     *gateway.Gateway

	// What follows is of the image, and is looked at and changed within it.
	places map[string]store.Key // of APIs, by id
	hosts  map[string]store.Key // of domain names, by name and by the name API Gateway gives them
	age    uint64               // goes up with each change of an API
	live   sync.Map             // *gateway.API by id, made when one is first asked for
}

// New makes the service.
func New(c Config) *Service {
	s := &Service{Config: c, image: store.NewImage(c.Store), deployments: store.NewTable[deployment](c.Store, "apigatewayv2_deployment"),
		places: map[string]store.Key{}, hosts: map[string]store.Key{}}
	s.apis = store.Watch(s.image, store.NewTable[api](c.Store, "apigatewayv2_api"), s.changed, s.forget)
	s.domains = store.NewHeld(s.image, "apigatewayv2_domain", s.renamed)
	s.gateway = gateway.New(gateway.Config{Directory: c.Directory, Clients: c.Clients, Caller: c.Caller, Logs: c.Logs, Metrics: c.Metrics, Loopback: c.Loopback, Clock: c.Clock, Logger: c.Logger})
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "apigatewayv2" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		op(s.CreateApi), op(s.GetApi), op(s.GetApis), op(s.UpdateApi), op(s.DeleteApi), op(s.DeleteCorsConfiguration),
		op(s.ImportApi), op(s.ReimportApi), op(s.ExportApi),
		op(s.CreateRoute), op(s.GetRoute), op(s.GetRoutes), op(s.UpdateRoute), op(s.DeleteRoute),
		op(s.CreateIntegration), op(s.GetIntegration), op(s.GetIntegrations), op(s.UpdateIntegration), op(s.DeleteIntegration),
		op(s.CreateAuthorizer), op(s.GetAuthorizer), op(s.GetAuthorizers), op(s.UpdateAuthorizer), op(s.DeleteAuthorizer), op(s.ResetAuthorizersCache),
		op(s.CreateStage), op(s.GetStage), op(s.GetStages), op(s.UpdateStage), op(s.DeleteStage), op(s.DeleteAccessLogSettings), op(s.DeleteRouteSettings),
		op(s.CreateDeployment), op(s.GetDeployment), op(s.GetDeployments), op(s.UpdateDeployment), op(s.DeleteDeployment),
		op(s.CreateDomainName), op(s.GetDomainName), op(s.GetDomainNames), op(s.UpdateDomainName), op(s.DeleteDomainName),
		op(s.CreateApiMapping), op(s.GetApiMapping), op(s.GetApiMappings), op(s.UpdateApiMapping), op(s.DeleteApiMapping),
		op(s.GetTags), op(s.TagResource), op(s.UntagResource), op(s.GetVpcLinks),
	}
}

// here is the key of something of the caller's.
func here(ctx context.Context, id *string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: aws.ToString(id)}
}

// page cuts a list. API Gateway has its page sizes as text.
func page[T any](ctx context.Context, list []T, key func(T) string, limit, token *string) ([]T, *string, error) {
	size := 100
	if limit != nil {
		n, err := strconv.Atoi(*limit)
		if err != nil || n < 1 {
			return nil, nil, invalid("Invalid maxResults value: %s", *limit)
		}
		size = min(n, 500)
	}
	list, next, err := wire.Page(ctx, list, key, size, token)
	if err != nil {
		err = invalid("Invalid nextToken value")
	}
	return list, next, err
}
