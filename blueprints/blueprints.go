// Package blueprints holds what users select, fill in and deploy: CloudFormation templates of inference with SageMaker or Bedrock, the code
// of their functions, and samples. The templates are plain ones: AWS's own tools deploy them too, on AWS and on Atelier.
package blueprints

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.yaml samples all:built
var files embed.FS

// Blueprint is one of them.
type Blueprint struct {
	Name     string
	Kind     string // realtime, async, batch or serverless: part of the names of what it makes
	Template string
}

var kinds = [][2]string{{"realtime-inference", "realtime"}, {"async-inference", "async"}, {"batch-transform", "batch"}, {"serverless-inference", "serverless"}}

// All lists them.
func All() (list []Blueprint) {
	for _, k := range kinds {
		b, err := files.ReadFile(k[0] + ".yaml")
		if err != nil {
			panic(err) // it is embedded
		}
		list = append(list, Blueprint{Name: k[0], Kind: k[1], Template: string(b)})
	}
	return list
}

// Find finds one by its name or kind.
func Find(name string) (Blueprint, error) {
	var names []string
	for _, b := range All() {
		if b.Name == name || b.Kind == name {
			return b, nil
		}
		names = append(names, b.Name)
	}
	return Blueprint{}, fmt.Errorf("there is no blueprint %q: there are %s", name, strings.Join(names, ", "))
}

// Code is the archive of the functions for an architecture of Lambda's, x86_64 or arm64. It is there when this program was built with it
// (make build).
func Code(architecture string) ([]byte, bool) {
	b, err := files.ReadFile("built/function-" + architecture + ".zip")
	return b, err == nil
}

// Architectures are those of Lambda's for which this program has the functions' archive.
func Architectures() (list []string) {
	for _, a := range []string{"x86_64", "arm64"} {
		if _, ok := Code(a); ok {
			list = append(list, a)
		}
	}
	return list
}

// Samples are the samples by their paths.
func Samples() fs.FS {
	sub, err := fs.Sub(files, "samples")
	if err != nil {
		panic(err) // it is embedded
	}
	return sub
}
