package gateway

import (
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// Definition is an API as its owner has it.
type Definition struct {
	Account, Region, ID string
	Closed              bool // the API is reached by its domain names alone
	Stages              []StageDefinition
}

// StageDefinition is a stage with what is deployed in it.
type StageDefinition struct {
	types.Stage
	Deployed
}

// Deployed is what a deployment holds, by id.
type Deployed struct {
	Cors         *types.Cors `json:",omitempty"`
	Routes       map[string]types.Route
	Integrations map[string]types.Integration
	Authorizers  map[string]types.Authorizer
}

// API is an API that is ready for requests.
type API struct {
	account, region, id string
	closed              bool
	stages              map[string]*stage
}

type stage struct {
	api       *API
	name      string
	variables map[string]string
	cors      *types.Cors
	routes    routing.Table[*route]
	limit     *limit // of routes that have none of their own
	log       *accessLog
}

type route struct {
	key         routing.Key
	id          string
	kind        types.AuthorizationType
	scopes      []string
	authorizer  *authorizer
	integration *integration // nil: none, or one that cannot be called
	limit       *limit
	detailed    bool // metrics
}

type authorizer struct {
	id       string
	kind     types.AuthorizerType
	issuer   string
	audience []string
	sources  []expression.Template
	function string
	role     string
	version  string
	simple   bool
	life     time.Duration
}

// Compile makes an API ready. What cannot be called, such as an integration whose stage variable is not there, answers that it failed.
func (g *Gateway) Compile(d Definition) *API {
	a := &API{account: d.Account, region: d.Region, id: d.ID, closed: d.Closed, stages: map[string]*stage{}}
	for _, s := range d.Stages {
		a.stages[aws.ToString(s.StageName)] = g.compileStage(a, s)
	}
	return a
}

func (g *Gateway) compileStage(a *API, d StageDefinition) *stage {
	s := &stage{api: a, name: aws.ToString(d.StageName), variables: d.StageVariables, cors: d.Cors}
	variables := s.variables
	if len(variables) == 0 {
		s.variables, variables = nil, map[string]string{}
	}
	if l := d.AccessLogSettings; l != nil {
		as := delivery.As{Service: logPrincipal, Account: a.account, Source: "arn:aws:apigateway:" + a.region + "::/apis/" + a.id + "/stages/" + s.name}
		s.log, _ = compileLog(aws.ToString(l.DestinationArn), aws.ToString(l.Format), as, a.id+"/"+s.name)
	}
	place := a.id + "/" + s.name + "/"
	s.limit = g.limits.of(place, d.DefaultRouteSettings)
	integrations, authorizers := map[string]*integration{}, map[string]*authorizer{}
	for id, i := range d.Integrations {
		if c, err := compileIntegration(i, variables); err == nil {
			integrations["integrations/"+id] = c
		}
	}
	for id, x := range d.Authorizers {
		if c, err := compileAuthorizer(x, variables); err == nil {
			authorizers[id] = c
		}
	}
	for id, r := range d.Routes {
		key, err := routing.Parse(aws.ToString(r.RouteKey))
		if err != nil {
			continue
		}
		c := &route{key: key, id: id, kind: r.AuthorizationType, scopes: r.AuthorizationScopes, authorizer: authorizers[aws.ToString(r.AuthorizerId)],
			integration: integrations[aws.ToString(r.Target)]}
		settings, own := d.RouteSettings[key.Text]
		if c.limit = s.limit; own && (settings.ThrottlingBurstLimit != nil || settings.ThrottlingRateLimit != nil) {
			c.limit = g.limits.of(place+key.Text, &settings)
		}
		c.detailed = aws.ToBool(settings.DetailedMetricsEnabled)
		if !own && d.DefaultRouteSettings != nil {
			c.detailed = aws.ToBool(d.DefaultRouteSettings.DetailedMetricsEnabled)
		}
		s.routes.Add(key, c)
	}
	return s
}

// path is a route's path as events have it.
func (r *route) path() string {
	if r.key.Path == "" {
		return routing.Default
	}
	return r.key.Path
}
