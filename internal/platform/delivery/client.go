package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// As is in whose name something is delivered: a service's own, which queue and topic policies see with aws:SourceArn and
// aws:SourceAccount, or a role's that the service was given.
type As struct {
	Service string // "events.amazonaws.com"
	Source  string // ARN of the rule, topic, bucket or schedule
	Account string // its owner
	RoleARN string // "": the service itself
	Owner   string // account whose alarm it is: the policies that topics begin with let it in
}

const (
	// clientLife is how long a client is used before its role is looked at again, and clients how many are kept.
	clientLife = time.Minute
	clients    = 4096
)

// Clients makes AWS clients within the server, and keeps them for a while.
type Clients struct {
	Directory *identity.Directory
	Configure func(p authz.Principal, region string) aws.Config
	Clock     clock.Clock

	mu   sync.Mutex
	made map[madeFor]madeClient
}

type madeFor struct {
	as     As
	region string
}

type madeClient struct {
	config aws.Config
	until  time.Time
}

// Config is the SDK's configuration for calls in the name of as. It tries once. A role that does not trust the service is a
// permanent error.
func (c *Clients) Config(ctx context.Context, as As, region string) (aws.Config, error) {
	k, now := madeFor{as, region}, c.Clock.Now()
	c.mu.Lock()
	has, ok := c.made[k]
	c.mu.Unlock()
	if ok && now.Before(has.until) {
		return has.config, nil
	}
	p := authz.Principal{Kind: authz.Service, Name: as.Service, Context: authz.Context{}}
	if as.Source != "" {
		p.Context["aws:SourceArn"] = []string{as.Source}
	}
	if as.Account != "" {
		p.Context["aws:SourceAccount"] = []string{as.Account}
	}
	if as.Owner != "" {
		p.Context["aws:SourceOwner"] = []string{as.Owner}
	}
	if as.RoleARN != "" {
		var err error
		if p, err = c.Directory.ServiceSession(ctx, as.Service, as.RoleARN, "atelier-delivery"); err != nil {
			if errors.Is(err, identity.ErrNotTrusted) {
				err = Permanent(fmt.Errorf("%s cannot assume %s: %w", as.Service, as.RoleARN, err))
			}
			return aws.Config{}, err
		}
	}
	config := c.Configure(p, region)
	config.RetryMaxAttempts = 1
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil || len(c.made) >= clients {
		c.made = map[madeFor]madeClient{}
	}
	c.made[k] = madeClient{config, now.Add(clientLife)}
	return config, nil
}

// Final tells whether an error of an AWS call is one that another attempt would not mend.
func Final(err error) bool {
	var last permanent
	return errors.As(Judged(err), &last)
}

// Judged marks the errors of an AWS call that another attempt would not mend: those the service calls the caller's fault.
func Judged(err error) error {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		if s := answer.HTTPStatusCode(); s >= 400 && s < 500 && s != http.StatusTooManyRequests && s != http.StatusRequestTimeout {
			return Permanent(err)
		}
	}
	return err
}
