package eventbridge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// split takes a resource "kind/name/id" apart.
func split(resource, kind string) (name, id string) {
	rest, ok := strings.CutPrefix(resource, kind)
	if !ok {
		return "", ""
	}
	name, id, _ = strings.Cut(rest, "/")
	return name, id
}

// call sends an event to an API destination, if the target's role may.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
func (s *Service) call(ctx context.Context, account string, to arn.ARN, x parcel) error {
	name, id := split(to.Resource, "api-destination/")
	var d destination
	var c connection
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if d, err = s.destination(tx, store.Key{Account: to.Account, Region: to.Region, ID: name}); err != nil {
			return delivery.Permanent(err)
		}
		if c, err = s.connectionAt(tx, d.Connection); err != nil {
			return delivery.Permanent(err)
		}
		return nil
	})
	if err == nil && d.ID != id {
		err = delivery.Permanent(missing("An api-destination '%s' does not exist.", to.String()))
	}
	if err != nil {
		return err
	}
	if err := s.mayCall(ctx, account, to, x); err != nil {
		return err
	}
	if c.State != types.ConnectionStateAuthorized {
		return delivery.Permanent(&denied{"The connection " + c.Name + " is not authorized."})
	}
	secret, err := s.unseal(c)
	if err != nil {
		return err
	}
	return s.request(ctx, d, c, secret, x)
}

func (s *Service) mayCall(ctx context.Context, account string, to arn.ARN, x parcel) error {
	who, err := s.Directory.ServiceSession(ctx, service, aws.ToString(x.Target.RoleArn), "atelier-delivery")
	if err != nil {
		return delivery.Permanent(err)
	}
	q := authz.Request{Principal: who, Action: "events:InvokeApiDestination", Resource: to.String(), ResourceAccount: to.Account,
		Context: authz.Context{"aws:SourceArn": {x.Rule}, "aws:SourceAccount": {account}}}
	q.Context.SetTime(s.Clock.Now())
	decision, err := s.Directory.Authorize(ctx, q, nil)
	if err != nil {
		return err
	}
	if decision.Outcome != authz.Allowed {
		return delivery.Permanent(&denied{authz.AccessDenied(q, decision)})
	}
	return nil
}

func (s *Service) request(ctx context.Context, d destination, c connection, secret secrets, x parcel) error {
	endpoint := d.Endpoint
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"Amazon/EventBridge/ApiDestinations"}}
	query := url.Values{}
	if p := x.Target.HttpParameters; p != nil {
		for _, v := range p.PathParameterValues {
			endpoint = strings.Replace(endpoint, "*", url.PathEscape(v), 1)
		}
		for name, v := range p.HeaderParameters {
			header.Set(name, v)
		}
		for name, v := range p.QueryStringParameters {
			query.Set(name, v)
		}
	}
	body := addTo(secret.Invocation, header, query, x.Input)
	switch c.Kind {
	case types.ConnectionAuthorizationTypeApiKey:
		header.Set(secret.Key, secret.KeyValue)
	case types.ConnectionAuthorizationTypeBasic:
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(secret.User+":"+secret.Password)))
	case types.ConnectionAuthorizationTypeOauthClientCredentials:
		token, err := s.token(ctx, c, secret.OAuth)
		if err != nil {
			return err
		}
		header.Set("Authorization", "Bearer "+token)
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return delivery.Permanent(err)
	}
	has := u.Query()
	for name, v := range query {
		has[name] = v
	}
	u.RawQuery = has.Encode()
	_, err = s.Outward.Call(ctx, string(d.Method), u.String(), header, []byte(body), true)
	if status, ok := err.(*delivery.StatusError); ok && status.Status == http.StatusUnauthorized {
		s.tokens.Delete(c.arn())
	}
	return err
}

// addTo puts a connection's parameters where they belong, and gives the body.
func addTo(p *types.ConnectionHttpParameters, header http.Header, query url.Values, body string) string {
	if p == nil {
		return body
	}
	for _, h := range p.HeaderParameters {
		header.Set(aws.ToString(h.Key), aws.ToString(h.Value))
	}
	for _, q := range p.QueryStringParameters {
		query.Set(aws.ToString(q.Key), aws.ToString(q.Value))
	}
	var object map[string]any
	if len(p.BodyParameters) == 0 || json.Unmarshal([]byte(body), &object) != nil || object == nil {
		return body
	}
	for _, b := range p.BodyParameters {
		object[aws.ToString(b.Key)] = aws.ToString(b.Value)
	}
	if out, err := json.Marshal(object); err == nil {
		return string(out)
	}
	return body
}

// token is an OAuth token with its end.
type token struct {
	value string
	until time.Time
}

// token gets a connection's token by its client credentials, and keeps it for as long as it holds.
func (s *Service) token(ctx context.Context, c connection, o *oauth) (string, error) {
	now := s.Clock.Now()
	if t, ok := s.tokens.Load(c.arn()); ok && now.Before(t.(token).until) {
		return t.(token).value, nil
	}
	header, form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}, url.Values{}
	query := url.Values{}
	form.Set("grant_type", "client_credentials")
	form.Set("client_id", o.Client)
	form.Set("client_secret", o.Secret)
	if o.Parameters != nil {
		addTo(o.Parameters, header, query, "")
		for _, b := range o.Parameters.BodyParameters {
			form.Set(aws.ToString(b.Key), aws.ToString(b.Value))
		}
	}
	at, err := url.Parse(o.Endpoint)
	if err != nil {
		return "", delivery.Permanent(err)
	}
	at.RawQuery = query.Encode()
	body := []byte(form.Encode())
	if o.Method == types.ConnectionOAuthHttpMethodGet {
		at.RawQuery, body = form.Encode(), nil
	}
	answer, err := s.Outward.Call(ctx, string(o.Method), at.String(), header, body, true)
	if err != nil {
		return "", err
	}
	var got struct {
		Token string      `json:"access_token"`
		Life  json.Number `json:"expires_in"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || got.Token == "" {
		return "", &denied{"The authorization endpoint gave no access token."}
	}
	life, _ := got.Life.Int64() // none: it is asked for anew next time
	s.tokens.Store(c.arn(), token{got.Token, now.Add(time.Duration(max(life-60, 0)) * time.Second)})
	return got.Token, nil
}
