package images

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/atelier-studio/atelier/internal/engines/compute/image"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// Registry is the server's own registry of images, from which they are pulled in the name of execution roles.
type Registry struct {
	// Transport leads to the server's port.
	Transport http.RoundTripper
	Roots     *image.Store
	Directory *identity.Directory
}

var ecrHost = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.`)

// own tells whether a registry is here: that of an account that is here, or one at a name of the server's, of which it has many.
func (g *Registry) own(ctx context.Context, host string) (bool, error) {
	m := ecrHost.FindStringSubmatch(host)
	if m == nil {
		return host != "", nil
	}
	err := g.Directory.Store().View(ctx, func(tx *store.Tx) error {
		_, err := g.Directory.Accounts.Get(tx, identity.IDKey(m[1]))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// program pulls an image and unpacks it. ok is false when there is none of that name here.
func (g *Registry) program(ctx context.Context, ref Reference, w container.Want) (p container.Program, ok bool, err error) {
	if ok, err := g.own(ctx, ref.Host); !ok {
		return p, false, err
	}
	img, err := g.pull(ctx, ref, w.From)
	var answer *transport.Error
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
		return p, false, nil
	}
	if err != nil {
		return p, true, fmt.Errorf("cannot pull it in the name of the execution role, which needs ecr:GetAuthorizationToken, and ecr:BatchGetImage, "+
			"ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability on the repository: %w", err)
	}
	if err := suits(img); err != nil {
		return p, true, err
	}
	root, err := g.Roots.Root(ctx, img)
	if err != nil {
		return p, true, fmt.Errorf("cannot unpack it: %w", err)
	}
	spec, err := root.Spec(image.Command{Entrypoint: w.Entrypoint, Args: w.Args, Env: []string{"PATH=" + container.Path}})
	if err != nil {
		root.Release()
		return p, true, err
	}
	return container.Program{Spec: spec, Labels: root.Config.Labels, Release: root.Release}, true, nil
}

// pull finds an image. Its layers come when they are read.
func (g *Registry) pull(ctx context.Context, ref Reference, as container.Environment) (v1.Image, error) {
	config, err := as.Config(ctx)
	if err != nil {
		return nil, err
	}
	token, err := ecr.NewFromConfig(config).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return nil, err
	}
	pair, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	if err != nil {
		return nil, fmt.Errorf("cannot read the registry's token: %w", err)
	}
	user, password, _ := strings.Cut(string(pair), ":")
	host := ref.Host
	if !ecrHost.MatchString(host) {
		host = "localhost" // which nobody can have for a name of an API of theirs
	}
	full, by := host+"/"+ref.Repository, ":"+ref.Tag
	if ref.Digest != "" {
		by = "@" + ref.Digest
	}
	at, err := name.ParseReference(full+by, name.Insecure)
	if err != nil {
		return nil, err
	}
	return remote.Image(at, remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: user, Password: password}), remote.WithTransport(g.Transport),
		remote.WithPlatform(platform()))
}

// platform is what images must be for.
func platform() v1.Platform { return v1.Platform{OS: "linux", Architecture: runtime.GOARCH} }

// suits tells whether an image is for this machine.
func suits(img v1.Image) error {
	c, err := img.ConfigFile()
	if err != nil {
		return fmt.Errorf("cannot read its configuration: %w", err)
	}
	want := platform()
	if c.OS != "" && c.OS != want.OS || c.Architecture != "" && c.Architecture != want.Architecture {
		return fmt.Errorf("it is for %s/%s, and this machine is %s: build and push it with --platform %s", c.OS, c.Architecture, want, want)
	}
	return nil
}
