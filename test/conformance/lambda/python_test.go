package lambda_test

import (
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "functions.py")
}
