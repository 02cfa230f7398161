package template

import (
	"context"
	"maps"
	"slices"
)

const (
	extensions       = "AWS::LanguageExtensions"
	includes         = "AWS::Include"
	extensionsFailed = "Transform AWS::LanguageExtensions failed with: "
	includeFailed    = "Transform AWS::Include failed with: "
)

func (t *Template) declares(transform string) bool { return slices.Contains(t.Transforms, transform) }

// transforms are the macros that a template declares, and those within it.
func transforms(root map[string]any) ([]string, error) {
	var out []string
	add := func(v any) error {
		if m, ok := v.(map[string]any); ok {
			v = m["Name"]
		}
		name, ok := v.(string)
		if !ok {
			return errorf("Key Name of transform definition must be a string.")
		}
		if name != extensions && name != includes {
			return errorf("No transform named %s found.", name)
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
		return nil
	}
	list, many := root["Transform"].([]any)
	if v, has := root["Transform"]; has && !many {
		list = []any{v}
	}
	for _, v := range list {
		if err := add(v); err != nil {
			return nil, err
		}
	}
	var look func(v any) error
	look = func(v any) error {
		switch v := v.(type) {
		case map[string]any:
			if t, has := v["Fn::Transform"]; has {
				if err := add(t); err != nil {
					return err
				}
			}
			for _, k := range sorted(v) {
				if err := look(v[k]); err != nil {
					return err
				}
			}
		case []any:
			for _, x := range v {
				if err := look(x); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return out, look(root)
}

// transform does the template's transforms: includes first, then the loops of AWS::LanguageExtensions.
func (b *Bound) transform(ctx context.Context) error {
	if b.Template.declares(includes) {
		in := &inclusion{b: b, ctx: ctx}
		v, err := in.within(b.root, 0)
		if err != nil {
			return err
		}
		b.root = v.(map[string]any)
	}
	if !b.Template.declares(extensions) {
		return nil
	}
	root, err := b.expand(ctx, b.root)
	if err != nil {
		return err
	}
	b.root = root
	if len(b.Processed()) > MaxFromS3 {
		return errorf("%sTemplate may not exceed %d bytes in size.", extensionsFailed, MaxFromS3)
	}
	return nil
}

// inclusion puts what AWS::Include names into a template.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/create-reusable-transform-function-snippets-and-add-to-your-template-with-aws-include-transform.html
type inclusion struct {
	b    *Bound
	ctx  context.Context
	read int // bytes
}

func (in *inclusion) within(v any, depth int) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range sorted(v) {
			if k == "Fn::Transform" || depth == 0 && k == "Transform" {
				parts, err := in.parts(v[k])
				if err != nil {
					return nil, err
				}
				maps.Copy(out, parts)
				continue
			}
			x, err := in.within(v[k], depth+1)
			if err != nil {
				return nil, err
			}
			out[k] = x
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			r, err := in.within(x, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	}
	return v, nil
}

// parts are what the transforms of one place include; none of one that is no inclusion.
func (in *inclusion) parts(v any) (map[string]any, error) {
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	out := map[string]any{}
	for _, v := range list {
		t, _ := v.(map[string]any)
		if t["Name"] != includes {
			continue
		}
		parameters, _ := t["Parameters"].(map[string]any)
		e := in.b.evaluator(in.ctx, &recorder{})
		e.within = "Fn::Transform"
		e.pure = errorf("%sThe location parameter must not depend on any resources.", includeFailed)
		at, known, err := e.word(parameters["Location"], true, errorf("%sThe location parameter is not a valid S3 uri.", includeFailed))
		if err != nil {
			return nil, err
		}
		if !known || in.b.env.Include == nil {
			return nil, errorf("%sThe location parameter is not a valid S3 uri.", includeFailed)
		}
		body, err := in.b.env.Include(in.ctx, at)
		if err != nil {
			return nil, err
		}
		if in.read += len(body); in.read > MaxFromS3 {
			return nil, errorf("%sTemplate may not exceed %d bytes in size.", includeFailed, MaxFromS3)
		}
		part, err := decode(body)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, part)
	}
	return out, nil
}
