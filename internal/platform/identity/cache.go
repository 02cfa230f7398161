package identity

import (
	"sync"
	"sync/atomic"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// maxCached bounds each part of a cache. A full one is left as it is: the next change drops it anyway, and what is not in
// it is only slower.
const maxCached = 20_000

// cache holds what was found since the last change. A change does not empty it but puts a new one in its place: a reader
// takes the cache before it looks at the store, and so what it found there can only go into the cache of that time.
type cache struct {
	credentials, policies, memberships    sync.Map
	nCredentials, nPolicies, nMemberships atomic.Int64
}

type credentialKey struct{ id, token string }

type policiesKey struct {
	kind              authz.Kind
	account, id, name string
}

func (d *Directory) drop() { d.cache.Store(&cache{}) }

func (c *cache) credential(k credentialKey) (Credential, bool) {
	if v, ok := c.credentials.Load(k); ok {
		return *v.(*Credential), true
	}
	return Credential{}, false
}

func (c *cache) keepCredential(k credentialKey, v Credential) {
	if c.nCredentials.Load() < maxCached {
		if _, old := c.credentials.Swap(k, &v); !old {
			c.nCredentials.Add(1)
		}
	}
}

func (c *cache) policy(k policiesKey) (authz.Policies, bool) {
	if v, ok := c.policies.Load(k); ok {
		return *v.(*authz.Policies), true
	}
	return authz.Policies{}, false
}

func (c *cache) keepPolicies(k policiesKey, v authz.Policies) {
	if c.nPolicies.Load() < maxCached {
		if _, old := c.policies.Swap(k, &v); !old {
			c.nPolicies.Add(1)
		}
	}
}

func (c *cache) membership(account string) ([]string, bool) {
	v, ok := c.memberships.Load(account)
	if !ok {
		return nil, false
	}
	return v.([]string), true
}

func (c *cache) keepMembership(account string, v []string) {
	if len(v) > 0 && c.nMemberships.Load() < maxCached { // what has none may get some by an Insert, which drops nothing
		if _, old := c.memberships.Swap(account, v); !old {
			c.nMemberships.Add(1)
		}
	}
}

// parsed keeps parsed documents, which never change, over the caches' lives.
type parsed struct {
	mu sync.RWMutex
	m  map[parsedKey]*authz.Policy
}

type parsedKey struct{ id, document string }

const maxParsed = 4096

func (d *Directory) parse(id, document string, read func([]byte) (*authz.Policy, error)) (*authz.Policy, error) {
	k := parsedKey{id, document}
	d.parsed.mu.RLock()
	p, ok := d.parsed.m[k]
	d.parsed.mu.RUnlock()
	if ok {
		return p, nil
	}
	p, err := read([]byte(document))
	if err != nil {
		return nil, err
	}
	p.ID = id
	d.parsed.mu.Lock()
	defer d.parsed.mu.Unlock()
	if d.parsed.m == nil || len(d.parsed.m) >= maxParsed {
		d.parsed.m = map[parsedKey]*authz.Policy{}
	}
	d.parsed.m[k] = p
	return p, nil
}
