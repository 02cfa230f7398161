package lakeformation

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
)

const policyVersion = "2012-10-17"

var (
	readActions  = []string{"s3:GetObject"}
	writeActions = []string{"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
	putActions   = []string{"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
)

type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// rights are what credentials are good for.
type rights struct{ read, put, remove bool }

func (r rights) actions() (out []string) {
	if r.read {
		out = append(out, readActions...)
	}
	if r.put {
		out = append(out, putActions...)
	}
	if r.remove {
		out = append(out, "s3:DeleteObject")
	}
	return out
}

// literal writes a path so that nothing in it is a wildcard or variable of a policy.
func literal(path string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(path)
}

// onlyAt is a session policy that gives the rights at the paths ("bucket/prefix") and below them, and nothing else. A
// prefix ends with a slash, so that b/sales does not open b/sales2.
func onlyAt(paths []string, r rights) (identity.SessionPolicy, error) {
	p := policy{Version: policyVersion}
	for _, path := range paths {
		bucket, prefix, _ := strings.Cut(path, "/")
		objects := []string{"arn:aws:s3:::" + bucket + "/*"}
		if prefix != "" {
			at := "arn:aws:s3:::" + bucket + "/" + literal(prefix)
			objects = []string{at, at + "/*"}
		}
		p.Statement = append(p.Statement, statement{Effect: "Allow", Action: r.actions(), Resource: objects})
		list := statement{Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{"arn:aws:s3:::" + bucket}}
		if prefix != "" {
			list.Condition = map[string]map[string][]string{"StringLike": {"s3:prefix": {literal(prefix) + "/*"}}}
		}
		p.Statement = append(p.Statement, list)
	}
	document, err := json.Marshal(p)
	if err != nil {
		return identity.SessionPolicy{}, fmt.Errorf("cannot write a session policy: %w", err)
	}
	return identity.SessionPolicy{ID: host, Document: string(document)}, nil
}
