// Package sagemaker_test drives SageMaker with the Go SDK and boto3.
package sagemaker_test

import (
	"path/filepath"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "sagemaker.py")
}

func TestFeatureStore(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "featurestore.py")
}

func TestModelRegistry(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "modelregistry.py")
}

func TestDomains(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "domains.py", "SAGEMAKER_DIR="+filepath.Join(s.DataDir, "sagemaker"))
}

func TestSageMakerSDK2(t *testing.T) {
	s := harness.Start(t)
	harness.TellSageMaker(t, harness.Must(s.Admin(t.Context()))(t), 2)
}

func TestSageMakerSDK3(t *testing.T) {
	s := harness.Start(t)
	harness.TellSageMaker(t, harness.Must(s.Admin(t.Context()))(t), 3)
}

func TestInferenceComponents(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "components.py")
}
