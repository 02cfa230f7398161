package sharing

import (
	"crypto/rand"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// LakeFormation is the service that makes shares of what is granted across accounts.
const LakeFormation = "lakeformation.amazonaws.com"

// Offer is a resource that Lake Formation grants to a principal of another account.
type Offer struct {
	Owner       string // account that grants
	Region      string
	Principal   string // account, or ARN of an organization, a unit, a role or a user
	ResourceARN string
	Permission  string // ARN of the share's permission; "" for the default of the resource's type
}

// offered finds the share with one principal.
type offered struct {
	Share     string // id
	Resources int
}

func (o Offer) key() store.Key { return store.Key{Account: o.Owner, Region: o.Region, ID: o.Principal} }

// Offer puts a resource into the share of the owner with the principal, and makes the share first where there is none, or
// the principal rejected it or let its invitation expire. What is offered already stays as it is. Errors are those of principals.
func (d *Directory) Offer(tx *store.Tx, o Offer) error {
	s, n, err := d.offeredShare(tx, o)
	if err != nil {
		return err
	}
	_, in, err := d.current(tx, s, Resource, o.ResourceARN)
	if err != nil || in {
		return err
	}
	if s.attach(o.permission()) {
		s.Updated = d.clock.Now().UTC()
		if err := d.Shares.Put(tx, s.Key(), s); err != nil {
			return err
		}
	}
	if _, err := d.AddResource(tx, s, o.ResourceARN); err != nil {
		return err
	}
	n.Resources++
	return d.offered.Put(tx, o.key(), n)
}

func (o Offer) permission() Attached {
	t, _ := TypeOf(o.ResourceARN)
	p := Attached{ARN: o.Permission, Type: t.Name, Version: 1}
	if p.ARN == "" {
		p.ARN = t.Default()
	}
	return p
}

// attach adds a permission for a type that has none yet.
func (s *Share) attach(p Attached) bool {
	for _, has := range s.Permissions {
		if has.Type == p.Type {
			return false
		}
	}
	p.Updated = s.Updated
	s.Permissions = append(s.Permissions, p)
	return true
}

// offeredShare finds the share with the principal, or makes it.
func (d *Directory) offeredShare(tx *store.Tx, o Offer) (Share, offered, error) {
	var before []Association // what a share that came to nothing had in it is granted still
	var permissions []Attached
	n, err := d.offered.Get(tx, o.key())
	if err == nil {
		s, err := d.Shares.Get(tx, store.Key{Account: o.Owner, Region: o.Region, ID: n.Share})
		if err != nil {
			return s, n, err
		}
		_, in, err := d.current(tx, s, Principal, o.Principal)
		if err != nil || in {
			return s, n, err
		}
		if before, err = d.In(tx, s.Key(), Resource); err != nil {
			return s, n, err
		}
		if err := d.Close(tx, s); err != nil {
			return s, n, err
		}
		permissions = s.Permissions
	} else if !errors.Is(err, store.ErrNotFound) {
		return Share{}, n, err
	}
	s, err := d.Create(tx, Share{Owner: o.Owner, Region: o.Region, Name: "LakeFormation-V4-" + strings.ToUpper(rand.Text()[:10]), External: true,
		Service: LakeFormation, Permissions: permissions})
	if err != nil {
		return s, n, err
	}
	if _, err := d.AddPrincipal(tx, s, o.Principal); err != nil {
		return s, n, err
	}
	n = offered{Share: s.ID}
	for _, a := range before {
		if a.Status != Associated {
			continue
		}
		if _, err := d.AddResource(tx, s, a.Entity); err != nil {
			return s, n, err
		}
		n.Resources++
	}
	return s, n, d.offered.Put(tx, o.key(), n)
}

// Withdraw takes a resource out of the share of the owner with the principal, and ends the share with its last resource. The
// caller sees to it that nothing is granted any more. What is not offered is no error.
func (d *Directory) Withdraw(tx *store.Tx, o Offer) error {
	n, err := d.offered.Get(tx, o.key())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s, err := d.Shares.Get(tx, store.Key{Account: o.Owner, Region: o.Region, ID: n.Share})
	if err != nil {
		return err
	}
	_, err = d.Remove(tx, s, Resource, o.ResourceARN)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if n.Resources--; n.Resources > 0 {
		return d.offered.Put(tx, o.key(), n)
	}
	if err := d.Close(tx, s); err != nil {
		return err
	}
	return d.offered.Delete(tx, o.key())
}
