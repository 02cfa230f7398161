package container

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// Environment is what a model has of its surroundings: all in the name of its execution role.
type Environment struct {
	Region      string
	Credentials func(ctx context.Context) (aws.Credentials, error)
	// Config is for calls of the SDK.
	Config func(ctx context.Context) (aws.Config, error)
	// Open reads an object. contentType is what whoever put it said that it is.
	Open func(ctx context.Context, uri string) (body io.ReadCloser, contentType string, err error)
	// List gives the keys under a prefix, without the prefix.
	List func(ctx context.Context, prefix string) ([]string, error)
	// Put writes an object.
	Put func(ctx context.Context, uri, contentType string, body io.ReadSeeker) error
	// Log receives lines of a container's output. It must not block.
	Log func(variant, instance, container, line string)
}

// Where a program finds AWS and its credentials, on its loopback.
const (
	endpointPort   = 4566
	credentialPort = 9379
)

// Surround gives a program its region and, unless it is isolated, AWS: served by endpoint, with the role's credentials.
func (e Environment) Surround(spec *compute.Spec, isolated bool, endpoint http.Handler) map[string]string {
	env := map[string]string{"SAGEMAKER_REGION": e.Region, "AWS_REGION": e.Region, "AWS_DEFAULT_REGION": e.Region}
	if isolated {
		return env
	}
	env["AWS_ENDPOINT_URL"] = fmt.Sprintf("http://127.0.0.1:%d", endpointPort)
	env["S3_ENDPOINT_URL"] = env["AWS_ENDPOINT_URL"] // the training toolkits ask for it
	env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = fmt.Sprintf("http://127.0.0.1:%d/credentials", credentialPort)
	spec.Listeners = append(spec.Listeners, compute.Listener{Port: endpointPort, Serve: func(l net.Listener) {
		s := &http.Server{Handler: endpoint, ReadHeaderTimeout: 20 * time.Second}
		_ = s.Serve(l)
	}}, compute.Listener{Port: credentialPort, Serve: e.serveCredentials})
	return env
}

// serveCredentials hands out what the model's role has.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
func (e Environment) serveCredentials(l net.Listener) {
	s := &http.Server{ReadHeaderTimeout: 20 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := e.Credentials(r.Context())
		if err != nil {
			http.Error(w, "cannot get credentials", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "Token": c.SessionToken,
			"Expiration": c.Expires.UTC().Format(time.RFC3339)})
	})}
	_ = s.Serve(l)
}
