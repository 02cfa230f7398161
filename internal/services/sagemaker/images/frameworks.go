package images

import (
	"fmt"
	"regexp"
	"strings"
)

// framework is what an image of AWS's consists of: the Python it may run on, the one of AWS first, and its packages.
type framework struct {
	kind     string // "sklearn", "xgboost", "pytorch", "huggingface": which functions are there unless a script has its own
	name     string
	python   []string
	packages []string
}

// What the images of scikit-learn and XGBoost have, by the version before the last number of their tags. Where AWS's own choice has no
// package that suits a later Python, the nearest one stands.
// Source: https://github.com/aws/sagemaker-scikit-learn-container, https://github.com/aws/sagemaker-xgboost-container
var (
	science10 = []string{"numpy==1.21.6", "scipy==1.7.3", "pandas==1.3.5", "joblib==1.2.0", "threadpoolctl==3.1.0", "scikit-learn==1.0.2"}
	science12 = []string{"numpy==1.24.1", "scipy==1.10.1", "pandas==1.5.3", "joblib==1.2.0", "threadpoolctl==3.1.0", "scikit-learn==1.2.1"}
	science14 = []string{"numpy==1.26.4", "scipy==1.11.4", "pandas==2.1.4", "joblib==1.3.2", "threadpoolctl==3.5.0", "scikit-learn==1.4.2"}
	science15 = []string{"numpy==1.26.4", "scipy==1.13.1", "pandas==2.2.3", "joblib==1.4.2", "threadpoolctl==3.5.0", "scikit-learn==1.5.2"}

	sklearns = map[string]framework{
		"0.23": {python: []string{"3.8", "3.7"}, packages: []string{"numpy==1.19.2", "scipy==1.5.3", "pandas==1.1.3", "joblib==1.1.0", "threadpoolctl==3.1.0", "scikit-learn==0.23.2"}},
		"1.0":  {python: []string{"3.8", "3.9", "3.10"}, packages: science10},
		"1.2":  {python: []string{"3.9", "3.10", "3.11", "3.8"}, packages: science12},
		"1.4":  {python: []string{"3.10", "3.11", "3.12", "3.9"}, packages: science14},
		"1.5":  {python: []string{"3.12", "3.11", "3.10"}, packages: science15},
	}
	xgboosts = map[string]framework{
		"1.2": {python: []string{"3.8", "3.7", "3.9", "3.10"}, packages: append([]string{"xgboost==1.2.1"}, science10...)},
		"1.3": {python: []string{"3.8", "3.9", "3.10"}, packages: append([]string{"xgboost==1.3.3"}, science10...)},
		"1.5": {python: []string{"3.8", "3.9", "3.10"}, packages: append([]string{"xgboost==1.5.2"}, science10...)},
		"1.7": {python: []string{"3.8", "3.9", "3.10", "3.11"}, packages: append([]string{"xgboost==1.7.6"}, science12...)},
		"3.0": {python: []string{"3.10", "3.11", "3.12"}, packages: append([]string{"xgboost==3.0.5"}, science14...)},
	}
	distribution = framework{kind: "sklearn", name: "distribution", python: []string{"3.11", "3.12", "3.10"}, packages: append([]string{"boto3==1.40.0"}, science15...)}
)

var (
	shortTag = regexp.MustCompile(`^([0-9]+\.[0-9]+)[.-]`)
	torchTag = regexp.MustCompile(`^([0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:-transformers([0-9]+\.[0-9]+(?:\.[0-9]+)?))?-(cpu|gpu)-py([0-9])([0-9]+)`)
)

// known finds the framework of an image by its repository and tag. ok is false for an image that is none of a framework.
func known(r Reference) (f framework, ok bool, err error) {
	switch r.Repository {
	case "sagemaker-scikit-learn":
		return numbered(r, "sklearn", sklearns)
	case "sagemaker-xgboost":
		return numbered(r, "xgboost", xgboosts)
	case "pytorch-inference", "pytorch-training", "huggingface-pytorch-inference", "huggingface-pytorch-training":
		f, err := torch(r)
		return f, true, err
	case "sagemaker-distribution", "sagemaker-distribution-prod", "sagemaker-distribution-cpu":
		return distribution, true, nil
	}
	return f, false, nil
}

func numbered(r Reference, kind string, table map[string]framework) (f framework, ok bool, err error) {
	m := shortTag.FindStringSubmatch(r.Tag)
	if m != nil {
		f, ok = table[m[1]]
	}
	if !ok {
		return f, true, fmt.Errorf("the version %s of %s is not known here; push an image of your own with it", r.Tag, r.Repository)
	}
	f.kind, f.name = kind, r.Repository+"-"+m[1]
	return f, true, nil
}

// torch makes the framework of an image of PyTorch, whose tag names the versions of what is in it.
func torch(r Reference) (framework, error) {
	m := torchTag.FindStringSubmatch(r.Tag)
	if m == nil {
		return framework{}, fmt.Errorf("the tag %s of %s is not known here; push an image of your own with it", r.Tag, r.Repository)
	}
	if m[3] == "gpu" {
		return framework{}, fmt.Errorf("%s:%s is for accelerators, which are not used here; take the tag for cpu", r.Repository, r.Tag)
	}
	f := framework{kind: "pytorch", name: "pytorch-" + m[1], python: []string{m[4] + "." + m[5]}, packages: []string{"torch==" + full(m[1]), "numpy<2", "pandas<3"}}
	if m[2] != "" {
		f.kind, f.name = "huggingface", f.name+"-transformers-"+m[2]
		f.packages = append(f.packages, "transformers=="+full(m[2]))
	}
	return f, nil
}

// full is a version of three numbers.
func full(version string) string {
	if strings.Count(version, ".") == 1 {
		version += ".0"
	}
	return version
}
