package glue

import (
	"context"
	"regexp"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// onFunction names what IAM has to allow for a function: it, and what it lies in.
// Source: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
func (s *Service) onFunction(ctx context.Context, database governance.Resource, name string) ([]wire.Target, error) {
	targets, err := s.on(ctx, database)
	if err != nil {
		return nil, err
	}
	last := targets[len(targets)-1] // the database
	if name != "" {
		name = "/" + name
	}
	last.Resource = strings.Replace(last.Resource, ":database/", ":userDefinedFunction/", 1) + name
	return append(targets, last), nil
}

// withFunction runs f in a transaction with the function as it is.
func (s *Service) withFunction(ctx context.Context, database governance.Resource, name string, f func(tx *store.Tx, k store.Key, now catalog.Function) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		k := catalog.FunctionKey(wire.CallOf(ctx).Region, database, name)
		now, err := s.Catalog.Functions.Get(tx, k)
		if err != nil {
			return absent(err, noFunction(name))
		}
		return f(tx, k, now)
	})
}

func noFunction(name string) error { return notFound("Function %s not found.", name) }

func functionOf(in *types.UserDefinedFunctionInput, r governance.Resource) catalog.Function {
	return catalog.Function{UserDefinedFunction: types.UserDefinedFunction{ArtifactLocation: in.ArtifactLocation, CatalogId: aws.String(r.Catalog),
		ClassName: in.ClassName, DatabaseName: aws.String(r.Database), FunctionName: aws.String(fold(in.FunctionName)), FunctionType: in.FunctionType,
		GovernanceMode: in.GovernanceMode, OwnerName: in.OwnerName, OwnerType: in.OwnerType, ResourceUris: in.ResourceUris}}
}

// CreateUserDefinedFunction makes a function in a database.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateUserDefinedFunction.html
func (s *Service) CreateUserDefinedFunction(ctx context.Context, in *glue.CreateUserDefinedFunctionInput) (*glue.CreateUserDefinedFunctionOutput, error) {
	call := wire.CallOf(ctx)
	if fold(in.FunctionInput.FunctionName) == "" {
		return nil, invalid("FunctionName is required.")
	}
	d, _, err := s.database(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), governance.Alter)
	if err != nil {
		return nil, err
	}
	r := d.Resource()
	f := functionOf(in.FunctionInput, r)
	f.CreateTime = aws.Time(call.Time)
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.Catalog.Database(tx, call.Region, r); err != nil {
			return absent(err, missing(r))
		}
		return taken(s.Catalog.Functions.Insert(tx, catalog.FunctionKey(call.Region, r, *f.FunctionName), f), exists("Function already exists."))
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateUserDefinedFunctionOutput{}, nil
}

func (s *Service) createUserDefinedFunctionTargets(ctx context.Context, in *glue.CreateUserDefinedFunctionInput) ([]wire.Target, error) {
	name := ""
	if in.FunctionInput != nil {
		name = fold(in.FunctionInput.FunctionName)
	}
	return s.onFunction(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), name)
}

// GetUserDefinedFunction describes a function.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetUserDefinedFunction.html
func (s *Service) GetUserDefinedFunction(ctx context.Context, in *glue.GetUserDefinedFunctionInput) (*glue.GetUserDefinedFunctionOutput, error) {
	d, _, err := s.database(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), governance.Describe)
	if err != nil {
		return nil, err
	}
	out := &glue.GetUserDefinedFunctionOutput{}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		f, err := s.Catalog.Functions.Get(tx, catalog.FunctionKey(wire.CallOf(ctx).Region, d.Resource(), fold(in.FunctionName)))
		out.UserDefinedFunction = &f.UserDefinedFunction
		return absent(err, noFunction(fold(in.FunctionName)))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) getUserDefinedFunctionTargets(ctx context.Context, in *glue.GetUserDefinedFunctionInput) ([]wire.Target, error) {
	return s.onFunction(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), fold(in.FunctionName))
}

// GetUserDefinedFunctions lists the functions of a database, or of all databases that the caller may see, whose names match a
// pattern.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetUserDefinedFunctions.html
func (s *Service) GetUserDefinedFunctions(ctx context.Context, in *glue.GetUserDefinedFunctionsInput) (*glue.GetUserDefinedFunctionsOutput, error) {
	pattern, err := functionPattern(aws.ToString(in.Pattern))
	if err != nil {
		return nil, err
	}
	region, r := wire.CallOf(ctx).Region, catalogOf(ctx, in.CatalogId)
	if in.DatabaseName != nil {
		d, _, err := s.database(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), governance.Describe)
		if err != nil {
			return nil, err
		}
		r = d.Resource()
	}
	may := map[string]bool{}
	span := catalog.FunctionsOf(region, r)
	list, next, err := fill(ctx, in.NextToken, in.MaxResults, func(after string) (out []entry[catalog.Function], err error) {
		span.After, span.Limit = after, batch
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			rows, err := s.Catalog.Functions.List(tx, span)
			for _, f := range rows {
				out = append(out, entry[catalog.Function]{f.Key.ID, f.Value})
			}
			return err
		})
		return out, err
	}, func(f catalog.Function) (*types.UserDefinedFunction, error) {
		if !pattern.MatchString(*f.FunctionName) || in.FunctionType != "" && f.FunctionType != in.FunctionType {
			return nil, nil
		}
		if r.Kind == governance.Catalog {
			ok, known := may[*f.DatabaseName]
			if !known {
				var err error
				if _, ok, err = s.sees(ctx, databaseOf(ctx, f.CatalogId, f.DatabaseName), governance.Describe); err != nil {
					return nil, err
				}
				may[*f.DatabaseName] = ok
			}
			if !ok {
				return nil, nil
			}
		}
		return &f.UserDefinedFunction, nil
	})
	return &glue.GetUserDefinedFunctionsOutput{UserDefinedFunctions: list, NextToken: next}, err
}

// functionPattern reads a pattern as Hive has it: "*" is any text, "|" parts alternatives. Other signs of regular expressions are
// taken as such where they are some, in Go's syntax, whose time is bounded.
func functionPattern(s string) (*regexp.Regexp, error) {
	var b strings.Builder
	for i := range len(s) {
		if s[i] == '*' && (i == 0 || !strings.ContainsRune(".)]}", rune(s[i-1]))) {
			b.WriteByte('.')
		}
		b.WriteByte(s[i])
	}
	if s == "" {
		b.WriteString(".*")
	}
	p, err := regexp.Compile("(?i)^(?:" + b.String() + ")$")
	if err != nil {
		return nil, invalid("Pattern %q is not valid.", s)
	}
	return p, nil
}

func (s *Service) getUserDefinedFunctionsTargets(ctx context.Context, in *glue.GetUserDefinedFunctionsInput) ([]wire.Target, error) {
	if in.DatabaseName == nil {
		return s.on(ctx, catalogOf(ctx, in.CatalogId))
	}
	return s.onFunction(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), "*")
}

// UpdateUserDefinedFunction replaces a function, which keeps its name.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateUserDefinedFunction.html
func (s *Service) UpdateUserDefinedFunction(ctx context.Context, in *glue.UpdateUserDefinedFunctionInput) (*glue.UpdateUserDefinedFunctionOutput, error) {
	d, _, err := s.database(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), governance.Alter)
	if err != nil {
		return nil, err
	}
	name := fold(in.FunctionName)
	if to := fold(in.FunctionInput.FunctionName); to != "" && to != name {
		return nil, invalid("A function cannot be renamed.")
	}
	err = s.withFunction(ctx, d.Resource(), name, func(tx *store.Tx, k store.Key, now catalog.Function) error {
		f := functionOf(in.FunctionInput, d.Resource())
		f.FunctionName, f.CreateTime = now.FunctionName, now.CreateTime
		return s.Catalog.Functions.Put(tx, k, f)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateUserDefinedFunctionOutput{}, nil
}

func (s *Service) updateUserDefinedFunctionTargets(ctx context.Context, in *glue.UpdateUserDefinedFunctionInput) ([]wire.Target, error) {
	return s.onFunction(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), fold(in.FunctionName))
}

// DeleteUserDefinedFunction removes a function.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteUserDefinedFunction.html
func (s *Service) DeleteUserDefinedFunction(ctx context.Context, in *glue.DeleteUserDefinedFunctionInput) (*glue.DeleteUserDefinedFunctionOutput, error) {
	d, _, err := s.database(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), governance.Alter)
	if err != nil {
		return nil, err
	}
	err = s.withFunction(ctx, d.Resource(), fold(in.FunctionName), func(tx *store.Tx, k store.Key, _ catalog.Function) error {
		return s.Catalog.Functions.Delete(tx, k)
	})
	if err != nil {
		return nil, err
	}
	return &glue.DeleteUserDefinedFunctionOutput{}, nil
}

func (s *Service) deleteUserDefinedFunctionTargets(ctx context.Context, in *glue.DeleteUserDefinedFunctionInput) ([]wire.Target, error) {
	return s.onFunction(ctx, databaseOf(ctx, in.CatalogId, in.DatabaseName), fold(in.FunctionName))
}
