package athena

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// ownCatalog is the name of the account's own Glue catalog.
const ownCatalog = "AwsDataCatalog"

// catalogParameter is the parameter that names the Glue catalog of a data catalog.
const catalogParameter = "catalog-id"

// dataCatalog is a data catalog as it is kept.
type dataCatalog struct {
	types.DataCatalog
	Tags map[string]string `json:",omitempty"`
}

func onCatalog(ctx context.Context, name *string) ([]wire.Target, error) {
	call := wire.CallOf(ctx)
	n := aws.ToString(name)
	if n == "" || strings.EqualFold(n, ownCatalog) {
		n = ownCatalog
	}
	return []wire.Target{{Resource: arn.New("athena", call.Region, call.Account(), "datacatalog/"+n)}}, nil
}

// dataCatalog reads a data catalog, or returns store.ErrNotFound. The account's own is always there.
func (s *Service) dataCatalog(tx *store.Tx, k store.Key) (dataCatalog, error) {
	if strings.EqualFold(k.ID, ownCatalog) {
		k.ID = ownCatalog
	}
	c, err := s.catalogs.Get(tx, k)
	if errors.Is(err, store.ErrNotFound) && k.ID == ownCatalog {
		return firstCatalog(k.Account), nil
	}
	return c, err
}

func firstCatalog(account string) dataCatalog {
	return dataCatalog{DataCatalog: types.DataCatalog{Name: aws.String(ownCatalog), Type: types.DataCatalogTypeGlue,
		Parameters: map[string]string{catalogParameter: account}, Status: types.DataCatalogStatusCreateComplete}}
}

// glueCatalog is the id that Glue knows a data catalog by. Catalogs of Glue that lie within others are named by their path.
func (s *Service) glueCatalog(ctx context.Context, account, region, name string) (string, error) {
	if name == "" || strings.EqualFold(name, ownCatalog) {
		return account, nil
	}
	var c dataCatalog
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		c, err = s.dataCatalog(tx, store.Key{Account: account, Region: region, ID: name})
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		if strings.ContainsAny(name, "/:") {
			return strings.ReplaceAll(name, "/", ":"), nil
		}
		return "", invalid("Data catalog %s was not found", name)
	}
	return c.Parameters[catalogParameter], err
}

// checkCatalog refuses data catalogs that no query could read.
func checkCatalog(kind types.DataCatalogType, parameters map[string]string) error {
	if kind != types.DataCatalogTypeGlue {
		return invalid("Data catalogs of type %s are not supported by Atelier: only GLUE.", kind)
	}
	if parameters[catalogParameter] == "" {
		return invalid("A data catalog of type GLUE needs the parameter %s.", catalogParameter)
	}
	return nil
}

// CreateDataCatalog names a Glue catalog.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateDataCatalog.html
func (s *Service) CreateDataCatalog(ctx context.Context, in *athena.CreateDataCatalogInput) (*athena.CreateDataCatalogOutput, error) {
	call := wire.CallOf(ctx)
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := checkCatalog(in.Type, in.Parameters); err != nil {
		return nil, err
	}
	c := dataCatalog{Tags: tags, DataCatalog: types.DataCatalog{Name: in.Name, Type: in.Type, Description: in.Description,
		Parameters: in.Parameters, Status: types.DataCatalogStatusCreateComplete}}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		already := invalid("DataCatalog %s has already been created", *in.Name)
		if strings.EqualFold(*in.Name, ownCatalog) {
			return already
		}
		return taken(s.catalogs.Insert(tx, store.Key{Account: call.Account(), Region: call.Region, ID: *in.Name}, c), already)
	})
	if err != nil {
		return nil, err
	}
	return &athena.CreateDataCatalogOutput{DataCatalog: &c.DataCatalog}, nil
}

func (s *Service) createDataCatalogTargets(ctx context.Context, in *athena.CreateDataCatalogInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.Name)
}

func missingCatalog(name *string) error {
	return invalid("Data catalog %s was not found", aws.ToString(name))
}

// GetDataCatalog describes a data catalog.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetDataCatalog.html
func (s *Service) GetDataCatalog(ctx context.Context, in *athena.GetDataCatalogInput) (*athena.GetDataCatalogOutput, error) {
	call := wire.CallOf(ctx)
	out := &athena.GetDataCatalogOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		c, err := s.dataCatalog(tx, store.Key{Account: call.Account(), Region: call.Region, ID: *in.Name})
		out.DataCatalog = &c.DataCatalog
		return absent(err, missingCatalog(in.Name))
	})
}

func (s *Service) getDataCatalogTargets(ctx context.Context, in *athena.GetDataCatalogInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.Name)
}

// ListDataCatalogs lists data catalogs in order of name.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListDataCatalogs.html
func (s *Service) ListDataCatalogs(ctx context.Context, in *athena.ListDataCatalogsInput) (*athena.ListDataCatalogsOutput, error) {
	call := wire.CallOf(ctx)
	var list []dataCatalog
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.catalogs.List(tx, store.Range{Account: call.Account(), Region: call.Region})
		list = values(rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	if at, ok := slices.BinarySearchFunc(list, ownCatalog, func(c dataCatalog, name string) int { return strings.Compare(*c.Name, name) }); !ok {
		list = slices.Insert(list, at, firstCatalog(call.Account()))
	}
	list, next, err := page(ctx, list, func(c dataCatalog) string { return *c.Name }, in.MaxResults, in.NextToken)
	out := &athena.ListDataCatalogsOutput{NextToken: next, DataCatalogsSummary: []types.DataCatalogSummary{}}
	for _, c := range list {
		out.DataCatalogsSummary = append(out.DataCatalogsSummary, types.DataCatalogSummary{CatalogName: c.Name, Type: c.Type, Status: c.Status})
	}
	return out, err
}

// UpdateDataCatalog changes a data catalog.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdateDataCatalog.html
func (s *Service) UpdateDataCatalog(ctx context.Context, in *athena.UpdateDataCatalogInput) (*athena.UpdateDataCatalogOutput, error) {
	call := wire.CallOf(ctx)
	if err := checkCatalog(in.Type, in.Parameters); err != nil {
		return nil, err
	}
	k := store.Key{Account: call.Account(), Region: call.Region, ID: *in.Name}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.catalogs.Get(tx, k)
		if err != nil {
			return absent(err, missingCatalog(in.Name))
		}
		c.Type, c.Parameters, c.Description = in.Type, in.Parameters, in.Description
		return s.catalogs.Put(tx, k, c)
	})
	if err != nil {
		return nil, err
	}
	return &athena.UpdateDataCatalogOutput{}, nil
}

func (s *Service) updateDataCatalogTargets(ctx context.Context, in *athena.UpdateDataCatalogInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.Name)
}

// DeleteDataCatalog takes the name off a Glue catalog, which stays.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteDataCatalog.html
func (s *Service) DeleteDataCatalog(ctx context.Context, in *athena.DeleteDataCatalogInput) (*athena.DeleteDataCatalogOutput, error) {
	call := wire.CallOf(ctx)
	k := store.Key{Account: call.Account(), Region: call.Region, ID: *in.Name}
	out := &athena.DeleteDataCatalogOutput{}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := s.catalogs.Get(tx, k)
		if err != nil {
			return absent(err, missingCatalog(in.Name))
		}
		c.Status = types.DataCatalogStatusDeleteComplete
		out.DataCatalog = &c.DataCatalog
		return s.catalogs.Delete(tx, k)
	})
}

func (s *Service) deleteDataCatalogTargets(ctx context.Context, in *athena.DeleteDataCatalogInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.Name)
}
