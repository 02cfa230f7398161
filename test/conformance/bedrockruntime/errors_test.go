package bedrockruntime

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

// tells wants an error of a code, with a text in its message.
func tells(t testing.TB, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("got %v, want %s with %q", err, code, text)
	}
}
