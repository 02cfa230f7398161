package glue

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// catalogPolicy is the resource policy of an account's catalog.
type catalogPolicy struct {
	Document         string
	Hash             string
	Hybrid           bool
	Created, Updated time.Time
}

func policyKey(account, region string) store.Key {
	return store.Key{Account: account, Region: region, ID: "policy"}
}

// maxSharing is how many policies for what was shared are kept.
const maxSharing = 4096

// policies are the resource policies in force, parsed once, and the image that holds them and the tags.
type policies struct {
	image  *store.Image
	rows   *store.Held[catalogPolicy]
	parsed map[store.Key]*authz.Policy

	mu     sync.Mutex
	shared map[string]*authz.Policy
}

func (s *Service) openPolicies() {
	p := &s.policies
	p.image, p.parsed, p.shared = store.NewImage(s.Store), map[store.Key]*authz.Policy{}, map[string]*authz.Policy{}
	p.rows = store.NewHeld(p.image, "glue_policy", func(k store.Key, _, now *catalogPolicy) {
		delete(p.parsed, k)
		if now == nil {
			return
		}
		if parsed, err := authz.ParseResource([]byte(now.Document)); err == nil { // it was parsed when it was put
			parsed.ID = arn.New("glue", k.Region, k.Account, "catalog")
			p.parsed[k] = parsed
		}
	})
	s.tags = store.NewHeld[map[string]string](p.image, "glue_tags", nil)
}

// catalogPolicy is the policy of a catalog, nil when it has none.
func (s *Service) catalogPolicy(ctx context.Context, account, region string) (p *authz.Policy, err error) {
	err = s.policies.image.Read(ctx, func() { p = s.policies.parsed[policyKey(account, region)] })
	return p, err
}

// sharing lets an account at resources that were shared with it.
func (p *policies) sharing(account string, resources []string) (*authz.Policy, error) {
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow",
		"Principal": map[string]string{"AWS": arn.New("iam", "", account, "root")}, "Action": "glue:*", "Resource": resources}}})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.shared[string(document)]; ok {
		return known, nil
	}
	parsed, err := authz.ParseResource(document)
	if err != nil {
		return nil, err
	}
	if len(p.shared) >= maxSharing {
		clear(p.shared)
	}
	p.shared[string(document)] = parsed
	return parsed, nil
}
