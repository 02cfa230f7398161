package identity

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// SessionPolicy is a policy given with a session.
type SessionPolicy = authz.SessionPolicy

// maxToken bounds what is opened. The largest that Issue makes is far below it.
const maxToken = 32 << 10

// token is what a session token says.
type token struct {
	Secret      string              `json:"x"`
	Issued      int64               `json:"i"`
	Expires     int64               `json:"e"`
	Kind        authz.Kind          `json:"k"`
	Account     string              `json:"a"`
	ARN         string              `json:"r"`
	UserID      string              `json:"u"`
	Name        string              `json:"n,omitempty"`
	RoleARN     string              `json:"o,omitempty"`
	SessionName string              `json:"s,omitempty"`
	Tags        map[string]string   `json:"t,omitempty"`
	Context     map[string][]string `json:"c,omitempty"`
	HasSession  bool                `json:"h,omitempty"`
	Session     []SessionPolicy     `json:"p,omitempty"`
}

// Issue seals temporary credentials for p. Of its tags p.SessionTags are sealed: those of its role or user are added
// whenever it is used. p.Session is not looked at: the session's policies are given as text, or are those that p was Given.
// Of a FederatedUser, Name and SessionName are the name and the unique id of the user that asked for it ("" and the account
// for root).
func (d *Directory) Issue(p authz.Principal, lifetime time.Duration, session ...SessionPolicy) (Credential, error) {
	if len(session) == 0 {
		session = p.Given
	}
	now := d.clock.Now().UTC().Truncate(time.Second)
	id, secret := NewID(PrefixTemporaryKey, p.Account), newSecret()
	expires := now.Add(lifetime)
	text, err := json.Marshal(token{Secret: secret, Issued: now.Unix(), Expires: expires.Unix(), Kind: p.Kind, Account: p.Account,
		ARN: p.ARN, UserID: p.UserID, Name: p.Name, RoleARN: p.RoleARN, SessionName: p.SessionName, Tags: p.SessionTags,
		Context: p.Context, HasSession: p.HasSession || len(session) > 0, Session: session})
	if err != nil {
		return Credential{}, fmt.Errorf("cannot seal a session: %w", err)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return Credential{}, fmt.Errorf("cannot seal a session: %w", err)
	}
	p.AccessKeyID = id
	// The id is bound into the token, so that neither goes with another's.
	sealed := base64.StdEncoding.EncodeToString(d.box.tokens.Seal(nil, nil, packed.Bytes(), []byte(id)))
	return Credential{AccessKeyID: id, SecretAccessKey: secret, SessionToken: sealed, Expires: expires, Principal: p}, nil
}

// open reads a session token and finds whose it is now.
func (d *Directory) open(tx *store.Tx, id, sealed string) (Credential, error) {
	if len(sealed) > maxToken {
		return Credential{}, ErrBadToken
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return Credential{}, ErrBadToken
	}
	packed, err := d.box.tokens.Open(nil, nil, raw, []byte(id))
	if err != nil {
		return Credential{}, ErrBadToken
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), 1<<20))
	if err != nil {
		return Credential{}, ErrBadToken
	}
	var t token
	if err := json.Unmarshal(text, &t); err != nil {
		return Credential{}, ErrBadToken
	}
	c := Credential{AccessKeyID: id, SecretAccessKey: t.Secret, SessionToken: sealed, Expires: time.Unix(t.Expires, 0).UTC()}
	c.Principal = authz.Principal{Kind: t.Kind, Account: t.Account, ARN: t.ARN, UserID: t.UserID, Name: t.Name, RoleARN: t.RoleARN,
		SessionName: t.SessionName, AccessKeyID: id, Tags: t.Tags, SessionTags: t.Tags, HasSession: t.HasSession, Given: t.Session, Context: authz.Context{}}
	for k, v := range t.Context {
		c.Principal.Context[k] = v
	}
	c.Principal.Context["aws:TokenIssueTime"] = []string{time.Unix(t.Issued, 0).UTC().Format(time.RFC3339)}
	if err := d.alive(c); err != nil {
		return Credential{}, err
	}
	if err := d.origin(tx, &c.Principal); err != nil {
		return Credential{}, err
	}
	for _, s := range t.Session {
		if s.Document == "" {
			p, err := d.ManagedPolicy(tx, s.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue // deleted since: it allows nothing any more
			}
			if err != nil {
				return Credential{}, err
			}
			s.Document = p.Document()
		}
		p, err := d.parse(s.ID, s.Document, authz.ParseIdentity)
		if err != nil {
			return Credential{}, ErrBadToken
		}
		c.Principal.Session = append(c.Principal.Session, p)
	}
	return c, nil
}

// origin checks that the one who the session came from is still there, and adds its tags.
func (d *Directory) origin(tx *store.Tx, p *authz.Principal) error {
	if p.Kind == authz.Service {
		return nil
	}
	if err := d.active(tx, p.Account); err != nil {
		return ErrBadToken
	}
	gone := func(err error, same bool) error {
		if errors.Is(err, store.ErrNotFound) || err == nil && !same {
			return ErrBadToken
		}
		return err
	}
	switch p.Kind {
	case authz.AssumedRole:
		r, err := d.Roles.Get(tx, NameKey(p.Account, nameOf(p.RoleARN)))
		id, _, _ := strings.Cut(p.UserID, ":")
		p.Tags = mergeTags(r.Tags, p.Tags)
		return gone(err, r.ID == id)
	case authz.User:
		u, err := d.Users.Get(tx, NameKey(p.Account, p.Name))
		p.Tags = u.Tags
		return gone(err, u.ID == p.UserID)
	case authz.FederatedUser:
		if p.Name == "" {
			return nil
		}
		u, err := d.Users.Get(tx, NameKey(p.Account, p.Name))
		return gone(err, u.ID == p.SessionName)
	}
	return nil
}

// nameOf is the last part of an ARN's resource: the name without its path.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// mergeTags adds the session's tags to the role's. A session's tag wins over the role's of the same key in any case.
func mergeTags(role, session map[string]string) map[string]string {
	if len(session) == 0 {
		return role
	}
	out := make(map[string]string, len(role)+len(session))
	for k, v := range role {
		out[k] = v
		for s := range session {
			if strings.EqualFold(s, k) {
				delete(out, k)
			}
		}
	}
	for k, v := range session {
		out[k] = v
	}
	return out
}
