// Package images finds what an image of SageMaker's runs here: one that somebody pushed to a repository, a built-in algorithm, which
// this program is itself, or one that AWS publishes, whose Python packages are installed instead.
package images

import (
	"context"
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
	// Pushed unpacks an image that was pushed here. It gives ok false for one that was not. Nil: nothing can be pushed.
	Pushed func(ctx context.Context, image string) (p container.Program, ok bool, err error)
	// Published prepares an image that AWS publishes. It gives ok false for one that is not known. Nil: none is.
	Published func(ctx context.Context, r Reference, env map[string]string) (p container.Program, ok bool, err error)
}

// Resolver finds images.
type Resolver struct{ Config }

// New makes a resolver.
func New(c Config) *Resolver { return &Resolver{c} }

// Reference is the name of an image, taken apart.
type Reference struct{ Host, Repository, Tag string }

var reference = regexp.MustCompile(`^(?:([a-zA-Z0-9.:-]+)/)?([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(?:@sha256:[a-f0-9]{64})?$`)

// Parse takes a name apart.
func Parse(image string) (Reference, bool) {
	m := reference.FindStringSubmatch(image)
	if m == nil {
		return Reference{}, false
	}
	r := Reference{m[1], m[2], m[3]}
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

// Program is how an image does what args say.
func (r *Resolver) Program(ctx context.Context, image string, env map[string]string, args ...string) (container.Program, error) {
	ref, ok := Parse(image)
	if !ok {
		return container.Program{}, fmt.Errorf("%q is no name of an image", image)
	}
	if r.Pushed != nil {
		p, ok, err := r.Pushed(ctx, image)
		if ok || err != nil {
			p.Args = append(slices.Clone(p.Args), args...)
			return p, err
		}
	}
	if name, ok := builtin(image); ok && env["SAGEMAKER_PROGRAM"] == "" {
		return container.Program{Args: append([]string{"/atelier", "algorithm", name}, args...), Mounts: []compute.Mount{{Source: r.Self, Target: "/atelier"}}}, nil
	}
	if r.Published != nil {
		p, ok, err := r.Published(ctx, ref, env)
		if ok || err != nil {
			p.Args = append(slices.Clone(p.Args), args...)
			return p, err
		}
	}
	return container.Program{}, fmt.Errorf("it was not pushed to a repository here, and is none of the images of AWS that are known here. " +
		"Push it (docs/serve-a-model.md tells how), or use the image of a built-in algorithm")
}
