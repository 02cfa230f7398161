package ecr

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

const (
	// tokenLife is how long docker may log in with a token.
	tokenLife = 12 * time.Hour
	// user is the name that goes with a token.
	user = "AWS"
)

// GetAuthorizationToken gives what docker logs in with: the rights of who asks, for the registry alone. The token has the key and the
// sealed session of temporary credentials, and instead of their secret a proof of it, so that nothing can be signed with it.
// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
func (s *Service) GetAuthorizationToken(ctx context.Context, input *ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	call := wire.CallOf(ctx)
	k, err := s.Directory.Issue(call.Principal, tokenLife)
	if err != nil {
		return nil, err
	}
	password := base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{k.AccessKeyID, proof(k.SecretAccessKey), call.Region, k.SessionToken}, "\n")))
	token := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	registries := input.RegistryIds
	if len(registries) == 0 {
		registries = []string{call.Account()}
	}
	out := &ecr.GetAuthorizationTokenOutput{}
	for _, account := range registries {
		host := registryHost(account, call.Region)
		if local(call.Host) {
			host = call.Host
		}
		out.AuthorizationData = append(out.AuthorizationData, types.AuthorizationData{AuthorizationToken: &token, ExpiresAt: &k.Expires, ProxyEndpoint: aws.String("http://" + host)})
	}
	return out, nil
}

func proof(secret string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("ecr authorization token"))
	return hex.EncodeToString(m.Sum(nil))
}

// bearer is who a token stands for, and the region it was given in.
type bearer struct {
	principal authz.Principal
	region    string
}

// who reads a token. false: it is none, or is none any more.
func (s *Service) who(ctx context.Context, password string) (b bearer, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(password)
	parts := strings.SplitN(string(text), "\n", 4)
	if err != nil || len(parts) != 4 {
		return b, false
	}
	c, err := s.Directory.Credential(ctx, parts[0], parts[3])
	if err != nil || !hmac.Equal([]byte(proof(c.SecretAccessKey)), []byte(parts[1])) {
		return b, false
	}
	return bearer{c.Principal, parts[2]}, true
}
