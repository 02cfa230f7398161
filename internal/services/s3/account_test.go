package s3

import (
	"context"
	"testing"
	"unsafe"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/versity/versitygw/auth"
)

// keeper keeps by what credentials were asked for, as the cache of identities does.
type keeper struct {
	Directory
	kept []string
}

func (k *keeper) Credential(_ context.Context, id, token string) (identity.Credential, error) {
	k.kept = append(k.kept, id, token)
	return identity.Credential{}, nil
}

// TestBuffers: what lies in the buffer of a request, which the next one writes over, is not kept.
func TestBuffers(t *testing.T) {
	id, token := []byte("AKIA1"), []byte("token1")
	inBuffer := func(b []byte) string { return unsafe.String(&b[0], len(b)) }
	k := &keeper{}
	a := &accounts{k}
	_, who, err := a.DeriveSigningKey(inBuffer(id), inBuffer(token), "20240101", "us-east-1", "s3")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.principal(t.Context(), auth.Account{RoleArn: inBuffer(id), SessionToken: inBuffer(token)}); err != nil {
		t.Fatal(err)
	}
	copy(id, "AKIA2")
	copy(token, "token2")
	for i, got := range append(k.kept, who.RoleArn, who.SessionToken) {
		if want := []string{"AKIA1", "token1"}[i%2]; got != want {
			t.Errorf("%s has become %s", want, got)
		}
	}
}
