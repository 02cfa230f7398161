// Package images finds what an image of SageMaker's runs here: one that somebody pushed to a repository, a built-in algorithm, which
// this program is itself, or one that AWS publishes, whose Python packages are installed instead.
package images

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// Config is what finding images needs.
type Config struct {
	// Self is the path of this program.
	Self string
	// Pushed are the images that were pushed here. Nil: nothing can be pushed.
	Pushed *Registry
	// Published are the images that AWS publishes for frameworks. Nil: none is known.
	Published *Frameworks
}

// Resolver finds images.
type Resolver struct{ Config }

// New makes a resolver.
func New(c Config) *Resolver { return &Resolver{c} }

// Reference is the name of an image, taken apart.
type Reference struct{ Host, Repository, Tag, Digest string }

var reference = regexp.MustCompile(`^(?:([a-zA-Z0-9.:-]+)/)?([a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}))?$`)

// Parse takes a name apart.
func Parse(image string) (Reference, bool) {
	m := reference.FindStringSubmatch(image)
	if m == nil {
		return Reference{}, false
	}
	r := Reference{m[1], m[2], m[3], m[4]}
	if r.Tag == "" {
		r.Tag = "latest"
	}
	return r, true
}

// algorithms are the repositories of built-in algorithms.
// Source: https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
var algorithms = map[string]string{"blazingtext": "blazingtext", "linear-learner": "linear-learner", "kmeans": "kmeans", "xgboost": "xgboost",
	"sagemaker-xgboost": "xgboost"}

// Algorithm names the built-in algorithm of an image.
func Algorithm(image string) (string, bool) {
	r, ok := Parse(image)
	if !ok || !strings.Contains(r.Host, ".dkr.ecr.") {
		return "", false
	}
	name, ok := algorithms[r.Repository]
	return name, ok
}

// builtin names what of this program an image is: an algorithm, or the proxy that has a model of Bedrock's answer.
func builtin(image string) (string, bool) {
	r, ok := Parse(image)
	if ok && r.Repository == proxy && strings.Contains(r.Host, ".dkr.ecr.") {
		return proxy, true
	}
	return Algorithm(image)
}

// proxy is the repository, in any account, of what stands on a model of Bedrock's.
const proxy = "bedrock-proxy"

// Program is how an image does what is wanted of it.
func (r *Resolver) Program(ctx context.Context, w container.Want) (container.Program, error) {
	ref, ok := Parse(w.Image)
	if !ok {
		return container.Program{}, fmt.Errorf("%q is no name of an image", w.Image)
	}
	if r.Pushed != nil {
		if p, ok, err := r.Pushed.program(ctx, ref, w); ok || err != nil {
			return p, err
		}
	}
	args := slices.Concat(w.Entrypoint, w.Args)
	if name, ok := builtin(w.Image); ok && w.Env["SAGEMAKER_PROGRAM"] == "" && w.Parameters["sagemaker_program"] == "" {
		if len(w.Entrypoint) == 0 {
			args = append([]string{"/atelier", "algorithm", name}, w.Args...)
		}
		return container.Program{Known: true, Spec: compute.Spec{Args: args, Mounts: []compute.Mount{{Source: r.Self, Target: "/atelier"}}}}, nil
	}
	if r.Published != nil {
		if p, ok, err := r.Published.program(ctx, ref, w); ok || err != nil {
			return p, err
		}
	}
	return container.Program{}, errors.New("it was not pushed to a repository here, and is none of the images of AWS that are known here. " +
		"Push it (docs/serve-a-model.md tells how), or use the image of a built-in algorithm")
}
