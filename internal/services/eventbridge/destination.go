package eventbridge

import (
	"context"
	"net/url"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// destination is an address that rules may call.
type destination struct {
	ID, Name          string
	Description       string `json:",omitempty"`
	Connection        string // ARN
	Method            types.ApiDestinationHttpMethod
	Endpoint          string
	Rate              int32
	Created, Modified time.Time
	Account, Region   string
}

func (d destination) arn() string {
	return arn.New("events", d.Region, d.Account, "api-destination/"+d.Name+"/"+d.ID)
}

func checkEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return invalid("Parameter InvocationEndpoint is not valid.")
	}
	return nil
}

// connectionAt reads the connection of an ARN.
func (s *Service) connectionAt(tx *store.Tx, text string) (connection, error) {
	a, err := arn.Parse(text)
	name, id := split(a.Resource, "connection/")
	if err != nil || name == "" {
		return connection{}, missing("Connection %s does not exist.", text)
	}
	c, err := s.connections.Get(tx, store.Key{Account: a.Account, Region: a.Region, ID: name})
	if absent(err) || err == nil && c.ID != id {
		return c, missing("Connection %s does not exist.", text)
	}
	return c, err
}

// CreateApiDestination makes an address callable.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateApiDestination.html
func (s *Service) CreateApiDestination(ctx context.Context, in *eventbridge.CreateApiDestinationInput) (*eventbridge.CreateApiDestinationOutput, error) {
	k, now := here(ctx, aws.ToString(in.Name)), wire.CallOf(ctx).Time
	if err := checkEndpoint(*in.InvocationEndpoint); err != nil {
		return nil, err
	}
	d := destination{ID: newID(), Name: k.ID, Description: aws.ToString(in.Description), Connection: *in.ConnectionArn, Method: in.HttpMethod,
		Endpoint: *in.InvocationEndpoint, Rate: 300, Created: now, Modified: now, Account: k.Account, Region: k.Region}
	if in.InvocationRateLimitPerSecond != nil {
		d.Rate = *in.InvocationRateLimitPerSecond
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.connectionAt(tx, d.Connection); err != nil {
			return err
		}
		err := s.destinations.Insert(tx, k, d)
		if err == store.ErrExists {
			return exists("An api-destination %s already exists.", d.Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.CreateApiDestinationOutput{ApiDestinationArn: aws.String(d.arn()), ApiDestinationState: types.ApiDestinationStateActive,
		CreationTime: &d.Created, LastModifiedTime: &d.Modified}, nil
}

func (s *Service) destination(tx *store.Tx, k store.Key) (destination, error) {
	d, err := s.destinations.Get(tx, k)
	if absent(err) {
		err = missing("An api-destination '%s' does not exist.", k.ID)
	}
	return d, err
}

// UpdateApiDestination changes an address. What is not given stays.
func (s *Service) UpdateApiDestination(ctx context.Context, in *eventbridge.UpdateApiDestinationInput) (*eventbridge.UpdateApiDestinationOutput, error) {
	if in.InvocationEndpoint != nil {
		if err := checkEndpoint(*in.InvocationEndpoint); err != nil {
			return nil, err
		}
	}
	k := here(ctx, aws.ToString(in.Name))
	var d destination
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if d, err = s.destination(tx, k); err != nil {
			return err
		}
		for to, v := range map[*string]*string{&d.Description: in.Description, &d.Connection: in.ConnectionArn, &d.Endpoint: in.InvocationEndpoint} {
			if v != nil {
				*to = *v
			}
		}
		if in.HttpMethod != "" {
			d.Method = in.HttpMethod
		}
		if in.InvocationRateLimitPerSecond != nil {
			d.Rate = *in.InvocationRateLimitPerSecond
		}
		if _, err := s.connectionAt(tx, d.Connection); err != nil {
			return err
		}
		d.Modified = s.Clock.Now()
		return s.destinations.Put(tx, k, d)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.UpdateApiDestinationOutput{ApiDestinationArn: aws.String(d.arn()), ApiDestinationState: types.ApiDestinationStateActive,
		CreationTime: &d.Created, LastModifiedTime: &d.Modified}, nil
}

// DeleteApiDestination removes an address.
func (s *Service) DeleteApiDestination(ctx context.Context, in *eventbridge.DeleteApiDestinationInput) (*eventbridge.DeleteApiDestinationOutput, error) {
	k := here(ctx, aws.ToString(in.Name))
	return &eventbridge.DeleteApiDestinationOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.destination(tx, k); err != nil {
			return err
		}
		return s.destinations.Delete(tx, k)
	})
}

// DescribeApiDestination tells of an address.
func (s *Service) DescribeApiDestination(ctx context.Context, in *eventbridge.DescribeApiDestinationInput) (*eventbridge.DescribeApiDestinationOutput, error) {
	var d destination
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = s.destination(tx, here(ctx, aws.ToString(in.Name)))
		return err
	}); err != nil {
		return nil, err
	}
	return &eventbridge.DescribeApiDestinationOutput{ApiDestinationArn: aws.String(d.arn()), Name: &d.Name, Description: filled(d.Description),
		ConnectionArn: &d.Connection, HttpMethod: d.Method, InvocationEndpoint: &d.Endpoint, InvocationRateLimitPerSecond: &d.Rate,
		ApiDestinationState: types.ApiDestinationStateActive, CreationTime: &d.Created, LastModifiedTime: &d.Modified}, nil
}

// ListApiDestinations lists the account's addresses.
func (s *Service) ListApiDestinations(ctx context.Context, in *eventbridge.ListApiDestinationsInput) (*eventbridge.ListApiDestinationsOutput, error) {
	of := here(ctx, "")
	var rows []store.Row[destination]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.destinations.List(tx, store.Range{Account: of.Account, Region: of.Region, Prefix: aws.ToString(in.NamePrefix)})
		return err
	}); err != nil {
		return nil, err
	}
	rows, next, err := page(ctx, rows, func(r store.Row[destination]) string { return r.Key.ID }, in.Limit, in.NextToken)
	out := &eventbridge.ListApiDestinationsOutput{ApiDestinations: []types.ApiDestination{}, NextToken: next}
	for _, r := range rows {
		d := r.Value
		if in.ConnectionArn != nil && *in.ConnectionArn != d.Connection {
			continue
		}
		out.ApiDestinations = append(out.ApiDestinations, types.ApiDestination{ApiDestinationArn: aws.String(d.arn()), Name: &d.Name, ConnectionArn: &d.Connection,
			HttpMethod: d.Method, InvocationEndpoint: &d.Endpoint, InvocationRateLimitPerSecond: &d.Rate, ApiDestinationState: types.ApiDestinationStateActive,
			CreationTime: &d.Created, LastModifiedTime: &d.Modified})
	}
	return out, err
}
