package harness

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	imagetypes "github.com/google/go-containerregistry/pkg/v1/types"
)

// Program builds a package of Go, named from the module's root, as a program without libraries, and gives its bytes.
func Program(pkg string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "program")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made := filepath.Join(dir, "program")
	c := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", made, "./"+pkg)
	c.Dir, c.Env = Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build %s: %w\n%s", pkg, err, out)
	}
	return os.ReadFile(made)
}

// Layer is a layer of an image: files by their path, which can be executed.
func Layer(files map[string][]byte) (v1.Layer, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for name, text := range files {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			return nil, err
		}
		if _, err := t.Write(text); err != nil {
			return nil, err
		}
	}
	return static.NewLayer(b.Bytes(), imagetypes.OCIUncompressedLayer), t.Close()
}

// Image puts an image for this machine together.
func Image(c v1.Config, layers ...v1.Layer) (v1.Image, error) {
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Config, file.OS, file.Architecture = c, "linux", runtime.GOARCH
	return mutate.ConfigFile(img, file)
}

// Push pushes an image to a repository of the caller's, which is made when it isn't there, as "name:tag". It gives the name by which AWS's
// services know it.
func (s *Server) Push(ctx context.Context, as Caller, image string, img v1.Image) (string, error) {
	repository, _, _ := strings.Cut(image, ":")
	client := ecr.NewFromConfig(as.Config())
	var there *types.RepositoryAlreadyExistsException
	made, err := client.CreateRepository(ctx, &ecr.CreateRepositoryInput{RepositoryName: &repository})
	if err != nil && !errors.As(err, &there) {
		return "", err
	}
	token, err := client.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return "", err
	}
	pair, err := base64.StdEncoding.DecodeString(*token.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		return "", err
	}
	user, password, _ := strings.Cut(string(pair), ":")
	ref, err := name.ParseReference(strings.TrimPrefix(s.URL, "http://")+"/"+image, name.Insecure)
	if err != nil {
		return "", err
	}
	if err := remote.Write(ref, img, remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: user, Password: password})); err != nil {
		return "", err
	}
	account := as.Account
	if made != nil {
		account = *made.Repository.RegistryId
	}
	return account + ".dkr.ecr." + Region + ".amazonaws.com/" + image, nil
}
