package cloudtrail

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/google/uuid"
)

// record is an event as CloudTrail writes it.
// Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type record struct {
	Version           string           `json:"eventVersion"`
	UserIdentity      userIdentity     `json:"userIdentity"`
	Time              string           `json:"eventTime"`
	Source            string           `json:"eventSource"`
	Name              string           `json:"eventName"`
	Region            string           `json:"awsRegion"`
	SourceIP          string           `json:"sourceIPAddress"`
	UserAgent         string           `json:"userAgent"`
	ErrorCode         string           `json:"errorCode,omitempty"`
	ErrorMessage      string           `json:"errorMessage,omitempty"`
	RequestParameters any              `json:"requestParameters"`
	ResponseElements  any              `json:"responseElements"`
	RequestID         string           `json:"requestID,omitempty"`
	EventID           string           `json:"eventID"`
	ReadOnly          bool             `json:"readOnly"`
	Resources         []recordResource `json:"resources,omitempty"`
	Type              string           `json:"eventType"`
	Management        bool             `json:"managementEvent"`
	Recipient         string           `json:"recipientAccountId"`
	SharedEventID     string           `json:"sharedEventID,omitempty"`
	Category          string           `json:"eventCategory"`
	TLS               *tlsDetails      `json:"tlsDetails,omitempty"`
}

type recordResource struct {
	Account string `json:"accountId,omitempty"`
	Type    string `json:"type,omitempty"`
	ARN     string `json:"ARN"`
}

type tlsDetails struct {
	Host string `json:"clientProvidedHostHeader"`
}

// global tells the services whose events are kept in us-east-1.
func global(service string) bool { return service == "iam" || service == "organizations" }

// Record writes a call into the trail of the caller's account and of the accounts that own what it touched. It returns
// when the event is on disk. A client that went away does not stop it.
func (s *Service) Record(ctx context.Context, r audit.Record) error {
	if r.Data {
		return nil
	}
	accounts := recipients(r)
	if len(accounts) == 0 {
		return nil
	}
	if global(r.Service) || r.Region == "" {
		r.Region = "us-east-1"
	}
	t := r.Time.UTC()
	base := record{Version: "1.11", Time: t.Format(time.RFC3339), Source: r.Service + ".amazonaws.com", Name: r.Operation, Region: r.Region,
		SourceIP: r.SourceIP, UserAgent: cut(r.UserAgent), ErrorCode: r.ErrorCode, ErrorMessage: cut(r.ErrorMessage), RequestID: r.RequestID,
		ReadOnly: r.ReadOnly, Type: "AwsApiCall", Management: true, Category: "Management",
		RequestParameters: elements(r.Request), ResponseElements: elements(r.Response)}
	if r.Host != "" {
		base.TLS = &tlsDetails{r.Host}
	}
	if len(accounts) > 1 {
		base.SharedEventID = uuid.NewString()
	}
	var names []resource
	for _, x := range r.Resources {
		if x.ARN == "" || x.ARN == "*" {
			continue
		}
		owner := x.Account
		if a, err := arn.Parse(x.ARN); err == nil && a.Account != "" {
			owner = a.Account
		}
		if owner == "" {
			owner = r.Principal.Account
		}
		base.Resources = append(base.Resources, recordResource{owner, x.Type, x.ARN})
		names = append(names, resource{x.Type, x.ARN})
		if short := shortName(x.ARN); short != x.ARN {
			names = append(names, resource{x.Type, short})
		}
	}
	rows := make([]store.Row[event], 0, len(accounts))
	for _, account := range accounts {
		one := base
		one.EventID, one.Recipient = uuid.NewString(), account
		one.UserIdentity = identify(r.Principal, account)
		text, err := json.Marshal(one)
		if err != nil {
			return fmt.Errorf("cannot encode the event of %s: %w", r.Operation, err)
		}
		e := event{ID: one.EventID, Name: r.Operation, Source: one.Source, Username: username(one.UserIdentity, r.Principal),
			Key: one.UserIdentity.AccessKeyID, ReadOnly: r.ReadOnly, Time: t, Resources: names, Record: string(text)}
		rows = append(rows, store.Row[event]{Key: store.Key{Account: account, Region: r.Region, ID: id(t, e.ID)}, Value: e})
	}
	return s.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		for _, row := range rows {
			if err := s.events.Insert(tx, row.Key, row.Value); err != nil {
				return err
			}
		}
		return nil
	})
}

// recipients are the accounts in whose trails the call is.
func recipients(r audit.Record) []string {
	list := []string{}
	add := func(account string) {
		if account != "" && !slices.Contains(list, account) {
			list = append(list, account)
		}
	}
	add(r.Principal.Account)
	if r.ErrorCode != "" && r.Principal.Account != "" {
		return list // others learn of a call that was let in, not of every attempt of a stranger
	}
	for _, x := range r.Resources {
		add(x.Account)
	}
	for _, account := range r.Concerns {
		add(account)
	}
	return list
}

// shortName is the name at the end of an ARN, by which most people look for a resource.
func shortName(name string) string {
	if parts := strings.SplitN(name, ":", 6); len(parts) == 6 {
		name = parts[5]
	}
	return name[strings.LastIndexAny(name, "/:")+1:]
}

// maxText bounds what a client can put into a record by a header.
const maxText = 1024

func cut(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func username(u userIdentity, p authz.Principal) string {
	switch {
	case u.Type == "AWSAccount":
		return ""
	case p.Kind == authz.Root:
		return "root"
	case p.Kind == authz.AssumedRole:
		return p.SessionName
	case p.Kind == authz.FederatedUser:
		return p.ARN[strings.LastIndexByte(p.ARN, '/')+1:]
	}
	return p.Name
}
