package sharing

import (
	"errors"

	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Errors of Answer.
var (
	ErrAccepted = errors.New("invitation was accepted")
	ErrRejected = errors.New("invitation was rejected")
	ErrExpired  = errors.New("invitation has expired")
)

// Create makes a share. ID, Status and times are filled in.
func (d *Directory) Create(tx *store.Tx, s Share) (Share, error) {
	s.ID, s.Status = uuid.NewString(), Active
	s.Created = d.clock.Now().UTC()
	s.Updated = s.Created
	return s, d.Shares.Insert(tx, s.Key(), s)
}

// AddResource puts a resource into a share, which it is in from the commit on. It does nothing to one that is in it.
func (d *Directory) AddResource(tx *store.Tx, s Share, resource string) (Association, error) {
	a, in, err := d.current(tx, s, Resource, resource)
	if err != nil || in {
		return a, err
	}
	a.Status = Associated
	return a, d.put(tx, a)
}

// AddPrincipal puts a principal into a share, and sends the invitation that it may need. It does nothing to one that is in
// it or is invited. Errors are those of principals.
func (d *Directory) AddPrincipal(tx *store.Tx, s Share, principal string) (Association, error) {
	st, err := d.standing(tx, s, principal)
	if err != nil {
		return Association{}, err
	}
	a, in, err := d.current(tx, s, Principal, principal)
	if err != nil || in {
		return a, err
	}
	if err := d.forgetInvitation(tx, a); err != nil {
		return a, err
	}
	a.Status, a.External, a.Invitation = Associated, st.external, ""
	if st.invited {
		i := Invitation{ID: uuid.NewString(), Share: s.Key(), ShareName: s.Name, Receiver: AccountOf(principal), Principal: principal,
			Status: Pending, Created: a.Updated, Updated: a.Updated}
		if i.Receiver != principal {
			i.ReceiverARN = principal
		}
		a.Status, a.Invitation = Associating, i.ID
		if err := d.Invitations.Insert(tx, i.Key(), i); err != nil {
			return a, err
		}
		if err := d.emitInvitation(tx, i); err != nil {
			return a, err
		}
	}
	return a, d.put(tx, a)
}

// current finds what is associated, or gives a new row. in tells that it is in the share or about to be.
func (d *Directory) current(tx *store.Tx, s Share, k Kind, entity string) (a Association, in bool, err error) {
	now := d.clock.Now().UTC()
	a = Association{Share: s.Key(), Kind: k, Entity: entity, Created: now, Updated: now}
	before, err := d.Associations.Get(tx, a.Key())
	if errors.Is(err, store.ErrNotFound) {
		return a, false, nil
	}
	if err != nil {
		return a, false, err
	}
	if before = before.At(now); before.Status == Associated || before.Status == Associating {
		return before, true, nil
	}
	a.Invitation = before.Invitation
	return a, false, nil
}

// forgetInvitation drops the invitation of an association.
func (d *Directory) forgetInvitation(tx *store.Tx, a Association) error {
	if a.Invitation == "" {
		return nil
	}
	err := d.Invitations.Delete(tx, store.Key{Account: AccountOf(a.Entity), Region: a.Share.Region, ID: a.Invitation})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (d *Directory) put(tx *store.Tx, a Association) error {
	if err := d.Associations.Put(tx, a.Key(), a); err != nil {
		return err
	}
	return d.emitAssociation(tx, a)
}

// Remove takes a resource or a principal out of a share. Errors are store.ErrNotFound when it isn't in it.
func (d *Directory) Remove(tx *store.Tx, s Share, k Kind, entity string) (Association, error) {
	a, err := d.Associations.Get(tx, Association{Share: s.Key(), Kind: k, Entity: entity}.Key())
	if err != nil {
		return a, err
	}
	if a.Status == Disassociated {
		return a, store.ErrNotFound
	}
	return d.end(tx, a)
}

func (d *Directory) end(tx *store.Tx, a Association) (Association, error) {
	if a.Status == Associating {
		if err := d.forgetInvitation(tx, a); err != nil {
			return a, err
		}
	}
	a.Status, a.Message, a.Updated = Disassociated, "", d.clock.Now().UTC()
	return a, d.put(tx, a)
}

// In lists what is associated with a share, as it is now, in order.
func (d *Directory) In(tx *store.Tx, share store.Key, k Kind) ([]Association, error) {
	rows, err := d.Associations.List(tx, store.Range{Account: share.Account, Region: share.Region, Prefix: associationPrefix(share.ID, k)})
	out := make([]Association, len(rows))
	now := d.clock.Now()
	for i, r := range rows {
		out[i] = r.Value.At(now)
	}
	return out, err
}

// Close ends a share with all that is in it.
func (d *Directory) Close(tx *store.Tx, s Share) error {
	for _, k := range []Kind{Principal, Resource, Source} {
		in, err := d.In(tx, s.Key(), k)
		if err != nil {
			return err
		}
		for _, a := range in {
			if a.Status == Disassociated {
				continue
			}
			if _, err := d.end(tx, a); err != nil {
				return err
			}
		}
	}
	s.Status, s.Updated = Deleted, d.clock.Now().UTC()
	return d.Shares.Put(tx, s.Key(), s)
}

// Answer accepts or rejects an invitation of an account. Errors are store.ErrNotFound, ErrAccepted, ErrRejected and ErrExpired.
func (d *Directory) Answer(tx *store.Tx, account, region, id string, accept bool) (Invitation, error) {
	i, err := d.Invitations.Get(tx, store.Key{Account: account, Region: region, ID: id})
	if err != nil {
		return i, err
	}
	now := d.clock.Now().UTC()
	switch i = i.At(now); i.Status {
	case Accepted:
		return i, ErrAccepted
	case Rejected:
		return i, ErrRejected
	case Expired:
		return i, ErrExpired
	}
	a, err := d.Associations.Get(tx, Association{Share: i.Share, Kind: Principal, Entity: i.Principal}.Key())
	if err != nil {
		return i, err
	}
	i.Updated, a.Updated = now, now
	if i.Status, a.Status = Accepted, Associated; !accept {
		i.Status, a.Status, a.Message = Rejected, Failed, "The invitation was rejected."
	}
	if err := d.Invitations.Put(tx, i.Key(), i); err != nil {
		return i, err
	}
	if err := d.emitInvitation(tx, i); err != nil {
		return i, err
	}
	return i, d.put(tx, a)
}
