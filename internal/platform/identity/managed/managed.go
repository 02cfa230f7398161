// Package managed holds the policies that AWS itself maintains, as far as data and machine learning work names them.
//
// The documents are AWS's public ones (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html),
// taken in their default version from the list that the Python package moto 5.2.5 carries
// (moto/iam/aws_managed_policies.py). All are whole, ReadOnlyAccess included.
package managed

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"
)

//go:embed policies.json.gz
var packed []byte

// Policy is one policy in its default version.
type Policy struct {
	Name, Path, Version string
	Created, Updated    time.Time
	Document            json.RawMessage
}

// Load reads the policies, in order of name. It takes some milliseconds.
func Load() ([]Policy, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("cannot read AWS's managed policies: %w", err)
	}
	var list []Policy
	if err := json.NewDecoder(r).Decode(&list); err != nil {
		return nil, fmt.Errorf("cannot read AWS's managed policies: %w", err)
	}
	return list, nil
}
