package identity

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// seal is the row that says which key the database is sealed with.
type seal struct {
	Key   []byte // the key itself, when it has no file
	Check []byte // a known text sealed with it
}

var sealKey = store.Key{ID: "seal"}

const sealText = "sealed by this key"

var errOtherKey = errors.New("the sealing key is not the one that the database was written with")

// box seals secrets of access keys, session tokens and what services keep, each with a key of its own.
type box struct{ secrets, tokens, kept cipher.AEAD }

func newBox(key []byte) (*box, error) {
	b := &box{}
	for purpose, to := range map[string]*cipher.AEAD{"access key secrets": &b.secrets, "session tokens": &b.tokens,
		"secrets of services": &b.kept} {
		sub, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(sub)
		if err != nil {
			return nil, err
		}
		// The nonce is random and in front. 2^32 sealings are safe under one key, far above what a server's life holds.
		if *to, err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// unseal finds the sealing key, or makes it in an empty database.
func (d *Directory) unseal(file string) (*box, error) {
	var b *box
	err := d.store.Update(context.Background(), func(tx *store.Tx) error {
		row, err := d.seals.Get(tx, sealKey)
		first := errors.Is(err, store.ErrNotFound)
		if err != nil && !first {
			return err
		}
		key := row.Key
		if file != "" && len(key) == 0 {
			if key, err = readKey(file, first); err != nil {
				return err
			}
		}
		if len(key) == 0 && first {
			key = newKey()
			row.Key = key
		}
		if b, err = newBox(key); err != nil {
			return err
		}
		if first {
			row.Check = b.secrets.Seal(nil, nil, []byte(sealText), nil)
			return d.seals.Put(tx, sealKey, row)
		}
		if text, err := b.secrets.Open(nil, nil, row.Check, nil); err != nil || string(text) != sealText {
			return errOtherKey
		}
		return nil
	})
	return b, err
}

// Seal closes a secret that a service keeps (a connection's password). of names what it belongs to: only under the same
// name it can be opened.
func (d *Directory) Seal(secret []byte, of string) []byte {
	return d.box.kept.Seal(nil, nil, secret, []byte(of))
}

// Unseal opens what Seal closed.
func (d *Directory) Unseal(sealed []byte, of string) ([]byte, error) {
	secret, err := d.box.kept.Open(nil, nil, sealed, []byte(of))
	if err != nil {
		return nil, fmt.Errorf("cannot open the secret of %s: %w", of, err)
	}
	return secret, nil
}

func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

// readKey reads the key file, or makes it when it may. The file is whole on disk before anything is sealed with it.
func readKey(path string, create bool) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == 32:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("cannot use sealing key %s: it has %d bytes, not 32", path, len(key))
	case !errors.Is(err, fs.ErrNotExist) || !create:
		return nil, fmt.Errorf("cannot read sealing key: %w", err)
	}
	key = newKey()
	f, err := os.CreateTemp(filepath.Dir(path), ".key-") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("cannot write sealing key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(key)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot write sealing key: %w", err)
	}
	return key, nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if e := dir.Close(); err == nil {
		err = e
	}
	return err
}
