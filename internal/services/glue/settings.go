package glue

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (s *Service) encryption(tx *store.Tx, account, region string) (types.DataCatalogEncryptionSettings, error) {
	v, err := s.settings.Get(tx, store.Key{Account: account, Region: region, ID: "encryption"})
	if errors.Is(err, store.ErrNotFound) {
		return types.DataCatalogEncryptionSettings{EncryptionAtRest: &types.EncryptionAtRest{CatalogEncryptionMode: types.CatalogEncryptionModeDisabled},
			ConnectionPasswordEncryption: &types.ConnectionPasswordEncryption{}}, nil
	}
	return v, err
}

// GetDataCatalogEncryptionSettings tells how the catalog is to be encrypted.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetDataCatalogEncryptionSettings.html
func (s *Service) GetDataCatalogEncryptionSettings(ctx context.Context, in *glue.GetDataCatalogEncryptionSettingsInput) (*glue.GetDataCatalogEncryptionSettingsOutput, error) {
	out := &glue.GetDataCatalogEncryptionSettingsOutput{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		v, err := s.encryption(tx, catalogOf(ctx, in.CatalogId).Account(), wire.CallOf(ctx).Region)
		out.DataCatalogEncryptionSettings = &v
		return err
	})
	return out, err
}

func (s *Service) getDataCatalogEncryptionSettingsTargets(ctx context.Context, in *glue.GetDataCatalogEncryptionSettingsInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}

// PutDataCatalogEncryptionSettings keeps how the catalog is to be encrypted. Secrets of connections are sealed whatever it says;
// with ReturnConnectionPasswordEncrypted they are never returned.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_PutDataCatalogEncryptionSettings.html
func (s *Service) PutDataCatalogEncryptionSettings(ctx context.Context, in *glue.PutDataCatalogEncryptionSettingsInput) (*glue.PutDataCatalogEncryptionSettingsOutput, error) {
	at := catalogOf(ctx, in.CatalogId)
	if at.Account() != wire.CallOf(ctx).Account() {
		return nil, invalid("Settings of another account's catalog cannot be changed.")
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		region := wire.CallOf(ctx).Region
		v, err := s.encryption(tx, at.Account(), region)
		if err != nil {
			return err
		}
		if e := in.DataCatalogEncryptionSettings.EncryptionAtRest; e != nil {
			v.EncryptionAtRest = e
		}
		if e := in.DataCatalogEncryptionSettings.ConnectionPasswordEncryption; e != nil {
			v.ConnectionPasswordEncryption = e
		}
		return s.settings.Put(tx, store.Key{Account: at.Account(), Region: region, ID: "encryption"}, v)
	})
	if err != nil {
		return nil, err
	}
	return &glue.PutDataCatalogEncryptionSettingsOutput{}, nil
}

func (s *Service) putDataCatalogEncryptionSettingsTargets(ctx context.Context, in *glue.PutDataCatalogEncryptionSettingsInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}

// GetCatalogImportStatus tells that there was nothing to import: there never was a catalog of Athena's own.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetCatalogImportStatus.html
func (s *Service) GetCatalogImportStatus(_ context.Context, _ *glue.GetCatalogImportStatusInput) (*glue.GetCatalogImportStatusOutput, error) {
	return &glue.GetCatalogImportStatusOutput{ImportStatus: &types.CatalogImportStatus{ImportCompleted: true}}, nil
}

func (s *Service) getCatalogImportStatusTargets(ctx context.Context, in *glue.GetCatalogImportStatusInput) ([]wire.Target, error) {
	return s.on(ctx, catalogOf(ctx, in.CatalogId))
}
