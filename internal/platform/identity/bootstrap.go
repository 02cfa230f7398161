package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// Bootstrap makes the management account and its root user's access key in an empty directory. When id and secret are
// given they are that key, now and at every later start: a key that an earlier start fixed goes. Without them the key is
// random at first, and later starts tell the oldest active key of the root user (none when it was deleted).
func (d *Directory) Bootstrap(ctx context.Context, id, secret string) (created bool, c Credential, err error) {
	if (id == "") != (secret == "") {
		return false, c, errors.New("cannot fix the root key: its id and its secret must both be given")
	}
	if strings.HasPrefix(id, PrefixTemporaryKey) {
		return false, c, errors.New("cannot fix the root key: ids that begin with ASIA are those of temporary keys")
	}
	err = d.store.Update(ctx, func(tx *store.Tx) error {
		created, c = false, Credential{}
		a, err := d.Management(tx)
		if errors.Is(err, store.ErrNotFound) {
			created = true
			a, err = d.insertAccount(tx, Account{Name: "management", Email: "root@localhost", Management: true})
		}
		if err != nil {
			return err
		}
		keys, err := d.AccessKeys.Find(tx, ByUser, UserIndex(a.ID, ""), store.Range{})
		if err != nil {
			return err
		}
		if id != "" {
			return d.fix(tx, a.ID, id, secret, keys, &c)
		}
		if created {
			k, s, err := d.NewAccessKey(tx, a.ID, "")
			c = rootCredential(k, s)
			return err
		}
		var oldest *AccessKey
		for _, row := range keys {
			if k := row.Value; k.Status == Active && (oldest == nil || k.Created.Before(oldest.Created)) {
				oldest = &k
			}
		}
		if oldest != nil {
			s, err := d.secret(*oldest)
			c = rootCredential(*oldest, s)
			return err
		}
		return nil
	})
	if err != nil {
		return false, Credential{}, fmt.Errorf("cannot set up the management account: %w", err)
	}
	return created, c, nil
}

func (d *Directory) fix(tx *store.Tx, account, id, secret string, keys []store.Row[AccessKey], c *Credential) error {
	for _, row := range keys {
		if row.Value.Fixed && row.Value.ID != id {
			if err := d.AccessKeys.Delete(tx, row.Key); err != nil {
				return err
			}
		}
	}
	old, err := d.AccessKeys.Get(tx, IDKey(id))
	if err == nil && (old.Account != account || old.User != "") {
		return fmt.Errorf("access key %s belongs to somebody else", id)
	}
	if err == nil {
		if s, err := d.secret(old); err == nil && s == secret && old.Status == Active && old.Fixed {
			*c = rootCredential(old, secret)
			return nil
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	k, err := d.accessKey(account, "", id, secret)
	if err != nil {
		return err
	}
	k.Fixed = true
	*c = rootCredential(k.AccessKey, secret)
	return d.AccessKeys.Put(tx, IDKey(id), k.AccessKey)
}

func rootCredential(k AccessKey, secret string) Credential {
	c := Credential{AccessKeyID: k.ID, SecretAccessKey: secret, Principal: RootPrincipal(k.Account)}
	c.Principal.AccessKeyID = k.ID
	return c
}
