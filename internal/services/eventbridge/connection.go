package eventbridge

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// connection is how to authorize at an address. What is secret is sealed.
type connection struct {
	ID, Name          string
	Description       string `json:",omitempty"`
	Kind              types.ConnectionAuthorizationType
	State             types.ConnectionState
	Sealed            []byte // secrets
	Created, Modified time.Time
	Authorized        time.Time
	Account, Region   string
}

// secrets is what a connection sends.
type secrets struct {
	Key, KeyValue  string `json:",omitempty"`
	User, Password string `json:",omitempty"`
	OAuth          *oauth `json:",omitempty"`
	Invocation     *types.ConnectionHttpParameters
}

type oauth struct {
	Endpoint, Client, Secret string
	Method                   types.ConnectionOAuthHttpMethod
	Parameters               *types.ConnectionHttpParameters
}

func (c connection) arn() string {
	return arn.New("events", c.Region, c.Account, "connection/"+c.Name+"/"+c.ID)
}

func (s *Service) seal(c *connection, x secrets) error {
	b, err := json.Marshal(x)
	c.Sealed = s.Directory.Seal(b, c.arn())
	return err
}

func (s *Service) unseal(c connection) (x secrets, err error) {
	if len(c.Sealed) == 0 {
		return x, nil
	}
	b, err := s.Directory.Unseal(c.Sealed, c.arn())
	if err == nil {
		err = json.Unmarshal(b, &x)
	}
	return x, err
}

// check wants what a kind of authorization needs.
func (x secrets) check(kind types.ConnectionAuthorizationType) error {
	ok := false
	switch kind {
	case types.ConnectionAuthorizationTypeApiKey:
		ok = x.Key != "" && x.KeyValue != ""
	case types.ConnectionAuthorizationTypeBasic:
		ok = x.User != ""
	case types.ConnectionAuthorizationTypeOauthClientCredentials:
		ok = x.OAuth != nil && x.OAuth.Endpoint != "" && x.OAuth.Client != ""
	}
	if !ok {
		return invalid("AuthParameters do not fit the authorization type %s.", kind)
	}
	return nil
}

// CreateConnection makes a connection.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnection.html
func (s *Service) CreateConnection(ctx context.Context, in *eventbridge.CreateConnectionInput) (*eventbridge.CreateConnectionOutput, error) {
	k, now := here(ctx, aws.ToString(in.Name)), wire.CallOf(ctx).Time
	if in.InvocationConnectivityParameters != nil || in.AuthParameters.ConnectivityParameters != nil {
		return nil, invalid("Private connectivity is not implemented by Atelier.")
	}
	x := secrets{Invocation: in.AuthParameters.InvocationHttpParameters}
	if p := in.AuthParameters.ApiKeyAuthParameters; p != nil {
		x.Key, x.KeyValue = aws.ToString(p.ApiKeyName), aws.ToString(p.ApiKeyValue)
	}
	if p := in.AuthParameters.BasicAuthParameters; p != nil {
		x.User, x.Password = aws.ToString(p.Username), aws.ToString(p.Password)
	}
	if p := in.AuthParameters.OAuthParameters; p != nil {
		x.OAuth = &oauth{Endpoint: aws.ToString(p.AuthorizationEndpoint), Method: p.HttpMethod, Parameters: p.OAuthHttpParameters}
		if p.ClientParameters != nil {
			x.OAuth.Client, x.OAuth.Secret = aws.ToString(p.ClientParameters.ClientID), aws.ToString(p.ClientParameters.ClientSecret)
		}
	}
	if err := x.check(in.AuthorizationType); err != nil {
		return nil, err
	}
	c := connection{ID: newID(), Name: k.ID, Description: aws.ToString(in.Description), Kind: in.AuthorizationType, State: types.ConnectionStateAuthorized,
		Created: now, Modified: now, Authorized: now, Account: k.Account, Region: k.Region}
	if err := s.seal(&c, x); err != nil {
		return nil, err
	}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.connections.Insert(tx, k, c) }); err != nil {
		if err == store.ErrExists {
			return nil, exists("Connection %s already exists.", k.ID)
		}
		return nil, err
	}
	return &eventbridge.CreateConnectionOutput{ConnectionArn: aws.String(c.arn()), ConnectionState: c.State, CreationTime: &c.Created, LastModifiedTime: &c.Modified}, nil
}

// changeConnection reads, changes and writes a connection.
func (s *Service) changeConnection(ctx context.Context, name *string, f func(c *connection) error) (c connection, err error) {
	k := here(ctx, aws.ToString(name))
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if c, err = s.connections.Get(tx, k); absent(err) {
			return missing("Connection %s does not exist.", k.ID)
		}
		if err != nil {
			return err
		}
		if err := f(&c); err != nil {
			return err
		}
		c.Modified = s.Clock.Now()
		return s.connections.Put(tx, k, c)
	})
	s.tokens.Delete(c.arn())
	return c, err
}

// UpdateConnection changes a connection. What is not given stays.
func (s *Service) UpdateConnection(ctx context.Context, in *eventbridge.UpdateConnectionInput) (*eventbridge.UpdateConnectionOutput, error) {
	c, err := s.changeConnection(ctx, in.Name, func(c *connection) error {
		x, err := s.unseal(*c)
		if err != nil {
			return err
		}
		if in.Description != nil {
			c.Description = *in.Description
		}
		if in.AuthorizationType != "" && in.AuthorizationType != c.Kind {
			c.Kind, x = in.AuthorizationType, secrets{Invocation: x.Invocation}
		}
		if a := in.AuthParameters; a != nil {
			x.merge(a)
		}
		if err := x.check(c.Kind); err != nil {
			return err
		}
		c.State, c.Authorized = types.ConnectionStateAuthorized, s.Clock.Now()
		return s.seal(c, x)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.UpdateConnectionOutput{ConnectionArn: aws.String(c.arn()), ConnectionState: c.State, CreationTime: &c.Created,
		LastModifiedTime: &c.Modified, LastAuthorizedTime: when(c.Authorized)}, nil
}

// merge takes what is given.
func (x *secrets) merge(a *types.UpdateConnectionAuthRequestParameters) {
	put := func(to *string, v *string) {
		if v != nil {
			*to = *v
		}
	}
	if a.InvocationHttpParameters != nil {
		x.Invocation = a.InvocationHttpParameters
	}
	if p := a.ApiKeyAuthParameters; p != nil {
		put(&x.Key, p.ApiKeyName)
		put(&x.KeyValue, p.ApiKeyValue)
	}
	if p := a.BasicAuthParameters; p != nil {
		put(&x.User, p.Username)
		put(&x.Password, p.Password)
	}
	p := a.OAuthParameters
	if p == nil {
		return
	}
	if x.OAuth == nil {
		x.OAuth = &oauth{}
	}
	put(&x.OAuth.Endpoint, p.AuthorizationEndpoint)
	if p.HttpMethod != "" {
		x.OAuth.Method = p.HttpMethod
	}
	if p.OAuthHttpParameters != nil {
		x.OAuth.Parameters = p.OAuthHttpParameters
	}
	if p.ClientParameters != nil {
		put(&x.OAuth.Client, p.ClientParameters.ClientID)
		put(&x.OAuth.Secret, p.ClientParameters.ClientSecret)
	}
}

// DeauthorizeConnection forgets the secrets of a connection.
func (s *Service) DeauthorizeConnection(ctx context.Context, in *eventbridge.DeauthorizeConnectionInput) (*eventbridge.DeauthorizeConnectionOutput, error) {
	c, err := s.changeConnection(ctx, in.Name, func(c *connection) error {
		c.State, c.Sealed = types.ConnectionStateDeauthorized, nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.DeauthorizeConnectionOutput{ConnectionArn: aws.String(c.arn()), ConnectionState: c.State, CreationTime: &c.Created,
		LastModifiedTime: &c.Modified, LastAuthorizedTime: when(c.Authorized)}, nil
}

// DeleteConnection removes a connection.
func (s *Service) DeleteConnection(ctx context.Context, in *eventbridge.DeleteConnectionInput) (*eventbridge.DeleteConnectionOutput, error) {
	c, err := s.changeConnection(ctx, in.Name, func(c *connection) error { c.State = types.ConnectionStateDeleting; return nil })
	if err != nil {
		return nil, err
	}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.connections.Delete(tx, here(ctx, c.Name)) }); err != nil && !absent(err) {
		return nil, err
	}
	return &eventbridge.DeleteConnectionOutput{ConnectionArn: aws.String(c.arn()), ConnectionState: c.State, CreationTime: &c.Created,
		LastModifiedTime: &c.Modified, LastAuthorizedTime: when(c.Authorized)}, nil
}

// shown hides the values that are secret.
func shown(p *types.ConnectionHttpParameters) *types.ConnectionHttpParameters {
	if p == nil {
		return nil
	}
	out := &types.ConnectionHttpParameters{BodyParameters: slices.Clone(p.BodyParameters), HeaderParameters: slices.Clone(p.HeaderParameters),
		QueryStringParameters: slices.Clone(p.QueryStringParameters)}
	for i := range out.BodyParameters {
		if out.BodyParameters[i].IsValueSecret {
			out.BodyParameters[i].Value = nil
		}
	}
	for i := range out.HeaderParameters {
		if out.HeaderParameters[i].IsValueSecret {
			out.HeaderParameters[i].Value = nil
		}
	}
	for i := range out.QueryStringParameters {
		if out.QueryStringParameters[i].IsValueSecret {
			out.QueryStringParameters[i].Value = nil
		}
	}
	return out
}

// DescribeConnection tells of a connection, without its secrets.
func (s *Service) DescribeConnection(ctx context.Context, in *eventbridge.DescribeConnectionInput) (*eventbridge.DescribeConnectionOutput, error) {
	k := here(ctx, aws.ToString(in.Name))
	var c connection
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.connections.Get(tx, k)
		return err
	})
	if absent(err) {
		err = missing("Connection %s does not exist.", k.ID)
	}
	if err != nil {
		return nil, err
	}
	x, err := s.unseal(c)
	if err != nil {
		return nil, err
	}
	p := &types.ConnectionAuthResponseParameters{InvocationHttpParameters: shown(x.Invocation)}
	if x.Key != "" {
		p.ApiKeyAuthParameters = &types.ConnectionApiKeyAuthResponseParameters{ApiKeyName: &x.Key}
	}
	if x.User != "" {
		p.BasicAuthParameters = &types.ConnectionBasicAuthResponseParameters{Username: &x.User}
	}
	if o := x.OAuth; o != nil {
		p.OAuthParameters = &types.ConnectionOAuthResponseParameters{AuthorizationEndpoint: &o.Endpoint, HttpMethod: o.Method,
			ClientParameters: &types.ConnectionOAuthClientResponseParameters{ClientID: &o.Client}, OAuthHttpParameters: shown(o.Parameters)}
	}
	return &eventbridge.DescribeConnectionOutput{ConnectionArn: aws.String(c.arn()), Name: &c.Name, Description: filled(c.Description),
		AuthorizationType: c.Kind, ConnectionState: c.State, AuthParameters: p, CreationTime: &c.Created, LastModifiedTime: &c.Modified,
		LastAuthorizedTime: when(c.Authorized)}, nil
}

// ListConnections lists the account's connections.
func (s *Service) ListConnections(ctx context.Context, in *eventbridge.ListConnectionsInput) (*eventbridge.ListConnectionsOutput, error) {
	of := here(ctx, "")
	var rows []store.Row[connection]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.connections.List(tx, store.Range{Account: of.Account, Region: of.Region, Prefix: aws.ToString(in.NamePrefix)})
		return err
	}); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[connection]) bool {
		return in.ConnectionState != "" && r.Value.State != in.ConnectionState
	})
	rows, next, err := page(ctx, rows, func(r store.Row[connection]) string { return r.Key.ID }, in.Limit, in.NextToken)
	out := &eventbridge.ListConnectionsOutput{Connections: []types.Connection{}, NextToken: next}
	for _, r := range rows {
		c := r.Value
		out.Connections = append(out.Connections, types.Connection{ConnectionArn: aws.String(c.arn()), Name: &c.Name, AuthorizationType: c.Kind,
			ConnectionState: c.State, CreationTime: &c.Created, LastModifiedTime: &c.Modified, LastAuthorizedTime: when(c.Authorized)})
	}
	return out, err
}
