package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Objects lists what an input consists of: the keys under a prefix, or those that a manifest names. The URI of each is base and its name.
func (e Environment) Objects(ctx context.Context, uri string, manifest bool) (base string, names []string, err error) {
	if manifest {
		return e.manifest(ctx, uri)
	}
	base = uri[:strings.LastIndex(uri, "/")+1]
	rest, err := e.List(ctx, uri)
	if err != nil {
		return "", nil, err
	}
	for _, n := range rest {
		names = append(names, strings.TrimPrefix(uri+n, base))
	}
	return base, names, nil
}

// manifest reads a list of objects: [{"prefix": "s3://bucket/"}, "one", "two"].
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
func (e Environment) manifest(ctx context.Context, uri string) (base string, names []string, err error) {
	body, _, err := e.Open(ctx, uri)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = body.Close() }()
	b, err := io.ReadAll(io.LimitReader(body, 64<<20))
	if err != nil {
		return "", nil, err
	}
	var list []json.RawMessage
	var head struct{ Prefix string }
	if json.Unmarshal(b, &list) != nil || len(list) == 0 || json.Unmarshal(list[0], &head) != nil || !strings.HasPrefix(head.Prefix, "s3://") {
		return "", nil, errors.New("the manifest is no list that begins with {\"prefix\": \"s3://…\"}")
	}
	for _, one := range list[1:] {
		var name string
		if err := json.NewDecoder(bytes.NewReader(one)).Decode(&name); err != nil {
			return "", nil, fmt.Errorf("the manifest has the entry %.100s, which is no name", one)
		}
		names = append(names, name)
	}
	return head.Prefix, names, nil
}
