package lambda

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// function is what is one for all versions. Maps are by qualifier, "" where none is given; none of them is ever changed, as
// rows lie in memory.
type function struct {
	Name        string
	Created     time.Time
	Next        int               // number of the next version
	Reserved    *int32            `json:",omitempty"` // concurrency
	Tags        map[string]string `json:",omitempty"`
	Aliases     map[string]types.AliasConfiguration
	Policies    map[string]string `json:",omitempty"`
	Revisions   map[string]string `json:",omitempty"` // of policies
	Events      map[string]types.FunctionEventInvokeConfig
	Provisioned map[string]provisioned
	URLs        map[string]urlConfig
	Recursion   types.RecursiveLoop          `json:",omitempty"`
	Runtime     map[string]runtimeManagement `json:",omitempty"`
}

// version is what runs: $LATEST or a published one. It is kept as it is shown but for its ARNs.
type version struct {
	types.FunctionConfiguration
	Code       string            // sum of the archive
	LayerCode  []string          `json:",omitempty"` // sums, in order of Layers
	LayerSizes []int64           `json:",omitempty"` // unpacked
	Env        map[string]string `json:",omitempty"`
	Unpacked   int64             // bytes, without layers
}

func versionKey(k store.Key, number string) store.Key {
	k.ID += "/" + number
	return k
}

// find reads a function from memory.
func (s *Service) find(ctx context.Context, k store.Key) (f function, ok bool, err error) {
	err = s.image.Read(ctx, func() { f, ok = s.functions.Rows()[k] })
	return f, ok, err
}

// function reads the function that a call names.
func (s *Service) function(ctx context.Context, name, qualifier *string) (r ref, f function, err error) {
	if r, err = named(ctx, name, qualifier); err != nil {
		return r, f, err
	}
	f, ok, err := s.find(ctx, r.Key)
	if err == nil && !ok {
		err = missing("Function not found: %s", r.arn())
	}
	return r, f, err
}

// configured reads function and version that a call names, through an alias when it names one.
func (s *Service) configured(ctx context.Context, name, qualifier *string) (r ref, f function, v version, err error) {
	if r, err = named(ctx, name, qualifier); err != nil {
		return r, f, v, err
	}
	ok := false
	err = s.image.Read(ctx, func() {
		if f, ok = s.functions.Rows()[r.Key]; !ok {
			return
		}
		number := r.Qualifier
		if a, is := f.Aliases[number]; is {
			number = *a.FunctionVersion
		}
		if number == "" {
			number = latest
		}
		v, ok = s.versions.Rows()[versionKey(r.Key, number)]
	})
	if err == nil && !ok {
		err = missing("Function not found: %s", r.arn())
	}
	return r, f, v, err
}

// show is a version's configuration. Without a qualifier its ARN has none.
func (v version) show(r ref) types.FunctionConfiguration {
	c := v.FunctionConfiguration
	if r.Qualifier != "" {
		r.Qualifier = *c.Version
	}
	c.FunctionArn = aws.String(r.arn())
	if *c.Version != latest {
		c.FunctionArn = aws.String(r.at(*c.Version).arn())
		c.MasterArn = nil
	}
	if len(v.Env) > 0 {
		c.Environment = &types.EnvironmentResponse{Variables: v.Env}
	}
	return c
}

// copied is a value with the members of another that it has too.
func copied[O any](c any) *O {
	out := new(O)
	from, to := reflect.ValueOf(c), reflect.ValueOf(out).Elem()
	for i := range from.NumField() {
		field := from.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if at := to.FieldByName(field.Name); at.IsValid() && at.Type() == field.Type {
			at.Set(from.Field(i))
		}
	}
	return out
}

// CreateFunction makes a function. It is Pending until its code is unpacked.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
func (s *Service) CreateFunction(ctx context.Context, in *lambda.CreateFunctionInput) (*lambda.CreateFunctionOutput, error) {
	r, err := named(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if err := checkName(ctx, r); err != nil {
		return nil, err
	}
	if _, taken, err := s.find(ctx, r.Key); err != nil || taken {
		if taken {
			err = conflict("Function already exist: %s", r.ID)
		}
		return nil, err
	}
	v, err := s.draft(ctx, in)
	if err != nil {
		return nil, err
	}
	if _, err := wire.TagMap(keys(in.Tags), func(k string) (*string, *string) { return &k, aws.String(in.Tags[k]) }); err != nil {
		return nil, invalid("%v", err)
	}
	v.FunctionName = &r.ID
	if v.LoggingConfig, err = logging(r.ID, nil, in.LoggingConfig); err != nil {
		return nil, err
	}
	c, err := s.fetch(ctx, source{Zip: in.Code.ZipFile, Bucket: in.Code.S3Bucket, Key: in.Code.S3Key, Version: in.Code.S3ObjectVersion})
	if err != nil {
		return nil, err
	}
	defer s.shelf.release(c.Sum)
	if err := v.load(c); err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	v.pending(call.Time)
	f := function{Name: r.ID, Created: call.Time, Next: 1, Tags: in.Tags}
	shown := v
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.functions.Insert(tx, r.Key, f); err != nil {
			return conflict("Function already exist: %s", r.ID)
		}
		if err := s.versions.Put(tx, versionKey(r.Key, latest), v); err != nil {
			return err
		}
		if err := s.prepare(tx, r.Key, v); err != nil || !in.Publish {
			return err
		}
		shown, err = s.publish(tx, r.Key, "")
		return err
	})
	if err != nil {
		return nil, err
	}
	if *shown.Version != latest {
		r = r.at(*shown.Version)
	}
	return copied[lambda.CreateFunctionOutput](shown.show(r)), nil
}

func (s *Service) createTargets(ctx context.Context, in *lambda.CreateFunctionInput) ([]wire.Target, error) {
	r, err := named(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	list := []wire.Target{{Resource: functionARN(r.Key)}, passRole(in.Role, r.Key)}
	return append(list, s.layerTargets(ctx, in.Layers)...), nil
}

func passRole(role *string, k store.Key) wire.Target {
	return wire.Target{Action: "iam:PassRole", Resource: aws.ToString(role),
		Context: authz.Context{"iam:PassedToService": {principal}, "iam:AssociatedResourceArn": {functionARN(k)}}}
}

func checkName(ctx context.Context, r ref) error {
	switch {
	case r.Account != wire.CallOf(ctx).Account():
		return invalid("Functions are made in the caller's own account.")
	case r.Qualifier != "" && r.Qualifier != latest:
		return invalid("A function that is made has no version or alias yet.")
	case len(r.ID) > 64:
		return wire.Errorf(400, "ValidationException", "1 validation error detected: Value '"+r.ID+
			"' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64")
	}
	return nil
}

// GetFunction tells of a function, and where its code is to be had for a while.
func (s *Service) GetFunction(ctx context.Context, in *lambda.GetFunctionInput) (*lambda.GetFunctionOutput, error) {
	r, f, v, err := s.configured(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := v.show(r)
	out := &lambda.GetFunctionOutput{Configuration: &c, Tags: f.Tags,
		Code: &types.FunctionCodeLocation{RepositoryType: aws.String("S3"), Location: s.location(ctx, v.Code)}}
	if f.Reserved != nil {
		out.Concurrency = &types.Concurrency{ReservedConcurrentExecutions: f.Reserved}
	}
	return out, nil
}

func (s *Service) getTargets(ctx context.Context, in *lambda.GetFunctionInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// GetFunctionConfiguration tells of a function.
func (s *Service) GetFunctionConfiguration(ctx context.Context, in *lambda.GetFunctionConfigurationInput) (*lambda.GetFunctionConfigurationOutput, error) {
	r, _, v, err := s.configured(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return copied[lambda.GetFunctionConfigurationOutput](v.show(r)), nil
}

func (s *Service) getConfigurationTargets(ctx context.Context, in *lambda.GetFunctionConfigurationInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// ListFunctions lists the account's functions, with all versions when asked to.
func (s *Service) ListFunctions(ctx context.Context, in *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
	call := wire.CallOf(ctx)
	all := in.FunctionVersion == types.FunctionVersionAll
	var list []types.FunctionConfiguration
	if err := s.image.Read(ctx, func() {
		for k, v := range s.versions.Rows() {
			name, number, _ := strings.Cut(k.ID, "/")
			if k.Account != call.Account() || k.Region != call.Region || number != latest && !all {
				continue
			}
			r := ref{Key: store.Key{Account: k.Account, Region: k.Region, ID: name}}
			if all {
				r.Qualifier = number
			}
			list = append(list, v.show(r))
		}
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b types.FunctionConfiguration) int { return strings.Compare(*a.FunctionArn, *b.FunctionArn) })
	out := &lambda.ListFunctionsOutput{}
	var err error
	out.Functions, out.NextMarker, err = page(ctx, list, func(c types.FunctionConfiguration) string { return *c.FunctionArn }, in.MaxItems, in.Marker)
	return out, err
}

// page cuts a list as all lists here are.
func page[T any](ctx context.Context, list []T, key func(T) string, size *int32, marker *string) ([]T, *string, error) {
	n := 50
	if size != nil {
		n = min(int(*size), n)
	}
	part, next, err := wire.Page(ctx, list, key, n, marker)
	if err != nil {
		return nil, nil, invalid("The marker is not valid.")
	}
	if part == nil {
		part = []T{}
	}
	return part, next, nil
}

// DeleteFunction removes a function, or one version of it.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
func (s *Service) DeleteFunction(ctx context.Context, in *lambda.DeleteFunctionInput) (*lambda.DeleteFunctionOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if r.Qualifier != "" {
		return s.deleteVersion(ctx, r)
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.functions.Delete(tx, r.Key); err != nil {
			if absent(err) {
				err = missing("Function not found: %s", r.arn())
			}
			return err
		}
		rows, err := s.versions.List(tx, store.Range{Account: r.Account, Region: r.Region, Prefix: r.ID + "/"})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := s.versions.Delete(tx, row.Key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.forget(r.Key, "")
	return &lambda.DeleteFunctionOutput{StatusCode: 204}, s.heat(ctx)
}

func (s *Service) deleteTargets(ctx context.Context, in *lambda.DeleteFunctionInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// change reads, changes and writes a function.
func (s *Service) change(ctx context.Context, r ref, f func(tx *store.Tx, f *function) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		has, err := s.functions.Get(tx, r.Key)
		if absent(err) {
			return missing("Function not found: %s", r.arn())
		}
		if err != nil {
			return err
		}
		if err := f(tx, &has); err != nil {
			return err
		}
		return s.functions.Put(tx, r.Key, has)
	})
}
