package builtin

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

func TestFind(t *testing.T) {
	if a, ok := Find("pca", learn.Limits{}); ok {
		t.Errorf("pca is %v", a)
	}
	for _, name := range []string{"blazingtext", "kmeans", "linear-learner", "xgboost", "sagemaker-xgboost"} {
		a, ok := Find(name, learn.Limits{})
		if !ok {
			t.Errorf("no %s", name)
			continue
		}
		if !strings.HasSuffix(name, a.Name()) {
			t.Errorf("%s is called %s", name, a.Name())
		}
		if e := new(*learn.ClientError); !errors.As(a.Validate(nil), e) {
			t.Errorf("%s takes no hyperparameters: %v", name, a.Validate(nil))
		}
		for _, m := range a.Metrics() {
			if re, err := regexp.Compile(m.Regex); err != nil || re.NumSubexp() != 1 {
				t.Errorf("%s: %s: %v", name, m.Name, err)
			}
		}
		if m, err := a.Load(t.TempDir(), nil); err == nil {
			t.Errorf("%s loads %v from an empty directory", name, m)
		}
	}
}
