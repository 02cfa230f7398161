package images

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	f := func(image string, want Reference, ok bool) {
		t.Helper()
		if got, is := Parse(image); got != want || is != ok {
			t.Errorf("%s: %+v %v", image, got, is)
		}
	}
	digest := "sha256:" + strings.Repeat("a", 64)
	f("1.dkr.ecr.x.amazonaws.com/a/b:1", Reference{Host: "1.dkr.ecr.x.amazonaws.com", Repository: "a/b", Tag: "1"}, true)
	f("localhost:4566/a", Reference{Host: "localhost:4566", Repository: "a", Tag: "latest"}, true)
	f("h.x/a@"+digest, Reference{Host: "h.x", Repository: "a", Tag: "latest", Digest: digest}, true)
	f("h.x/a:1@"+digest, Reference{Host: "h.x", Repository: "a", Tag: "1", Digest: digest}, true)
	f("h.x/../a", Reference{}, false)
	f("h.x/a b", Reference{}, false)
}

func TestKnown(t *testing.T) {
	f := func(image, name, python, first, fault string) {
		t.Helper()
		repository, tag, _ := strings.Cut(image, ":")
		got, ok, err := known(Reference{Repository: repository, Tag: tag})
		if fault != "" {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: %v", image, err)
			}
			return
		}
		if err != nil || ok != (name != "") || ok && (got.name != name || got.python[0] != python || got.packages[0] != first) {
			t.Errorf("%s: %+v %v %v", image, got, ok, err)
		}
	}
	f("sagemaker-scikit-learn:1.2-1-cpu-py3", "sagemaker-scikit-learn-1.2", "3.9", "numpy==1.24.1", "")
	f("sagemaker-scikit-learn:9.2-1", "", "", "", "is not known here")
	f("sagemaker-scikit-learn:latest", "", "", "", "is not known here")
	f("sagemaker-xgboost:1.7-1", "sagemaker-xgboost-1.7", "3.8", "xgboost==1.7.6", "")
	f("pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker", "pytorch-2.6.0", "3.12", "torch==2.6.0", "")
	f("pytorch-training:2.1-gpu-py310", "", "", "", "accelerators")
	f("huggingface-pytorch-inference:2.1.0-transformers4.37.0-cpu-py310-ubuntu22.04", "pytorch-2.1.0-transformers-4.37.0", "3.10", "torch==2.1.0", "")
	f("sagemaker-distribution-prod:2.1-cpu", "distribution", "3.11", "boto3==1.40.0", "")
	f("somebody-elses:1", "", "", "", "")
}

func TestRequirements(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		list, err := requirements([]byte(text))
		got := strings.Join(list, "|")
		if err != nil {
			got = "refused"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	f("# note\n\nnumpy\npandas >= 1.0, <2 # why\nxgboost[scikit-learn]==1.7.6; python_version < '3.12'\n", "numpy|pandas >= 1.0, <2|xgboost[scikit-learn]==1.7.6; python_version < '3.12'")
	for _, bad := range []string{"-e .", "--index-url http://x", "-r other.txt", "a @ https://x/a.whl", "./a.whl", "/etc/passwd", "git+https://x/y", "a==1 --hash=x", "a\\", "a==1; import os/x", "$HOME"} {
		f(bad, "refused")
	}
	f(strings.Repeat("a\n", 40_000), "refused")
}

// FuzzRequirements: what passes cannot be an option, an address or a path to pip.
func FuzzRequirements(f *testing.F) {
	f.Add("numpy==1.0\n-e .\na[b]>=1; python_version<'3'")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := requirements([]byte(text))
		for _, r := range list {
			if err == nil && (strings.HasPrefix(r, "-") || strings.ContainsAny(r, "/@:\\\n\r$`")) {
				t.Errorf("%q passed", r)
			}
		}
	})
}
