package glue

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// connection is a connection as it is kept: its secrets apart, and sealed.
type connection struct {
	types.Connection
	Sealed []byte
}

// secrets are what of a connection nobody may read off the disk.
type secrets struct {
	Properties map[string]string                     // of ConnectionProperties
	Basic      *types.BasicAuthenticationCredentials `json:",omitempty"`
	OAuth2     *types.OAuth2Credentials              `json:",omitempty"`
	Custom     map[string]string                     `json:",omitempty"`
}

// secretProperty tells the properties that are secrets.
func secretProperty(name string) bool {
	return strings.HasSuffix(name, "PASSWORD") || strings.HasSuffix(name, "KEYTAB")
}

func connectionKey(ctx context.Context, name *string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: aws.ToString(name)}
}

func connectionARN(k store.Key) string {
	return arn.New("glue", k.Region, k.Account, "connection/"+k.ID)
}

func sealName(k store.Key) string { return "glue " + connectionARN(k) }

// onConnections names connections and the catalog that they are in.
func (s *Service) onConnections(ctx context.Context, catalogID *string, names ...string) ([]wire.Target, error) {
	if at := catalogOf(ctx, catalogID); at.Account() != wire.CallOf(ctx).Account() {
		return nil, invalid("Connections of another account's catalog cannot be used.")
	}
	out, err := s.on(ctx, governance.Resource{Kind: governance.Catalog, Catalog: wire.CallOf(ctx).Account()})
	for _, n := range names {
		if err != nil {
			return nil, err
		}
		var one []wire.Target
		one, err = s.onARN(ctx, aws.String(connectionARN(connectionKey(ctx, &n))))
		out = append(out, one...)
	}
	return out, err
}

// seal makes a connection of an input.
func (s *Service) seal(ctx context.Context, k store.Key, in *types.ConnectionInput) (connection, error) {
	call := wire.CallOf(ctx)
	c := connection{Connection: types.Connection{Name: aws.String(k.ID), AthenaProperties: in.AthenaProperties, CompatibleComputeEnvironments: in.ValidateForComputeEnvironments,
		ConnectionType: in.ConnectionType, CreationTime: aws.Time(call.Time), Description: in.Description, LastUpdatedBy: aws.String(call.Principal.ARN), LastUpdatedTime: aws.Time(call.Time),
		MatchCriteria: in.MatchCriteria, PhysicalConnectionRequirements: in.PhysicalConnectionRequirements, PythonProperties: in.PythonProperties,
		SparkProperties: in.SparkProperties, Status: types.ConnectionStatusReady, ConnectionSchemaVersion: aws.Int32(1)}}
	hidden := secrets{Properties: map[string]string{}}
	c.ConnectionProperties = map[string]string{}
	for name, v := range in.ConnectionProperties {
		if secretProperty(name) {
			hidden.Properties[name] = v
		} else {
			c.ConnectionProperties[name] = v
		}
	}
	if a := in.AuthenticationConfiguration; a != nil {
		c.ConnectionSchemaVersion = aws.Int32(2)
		c.AuthenticationConfiguration = &types.AuthenticationConfiguration{AuthenticationType: a.AuthenticationType, KmsKeyArn: a.KmsKeyArn, SecretArn: a.SecretArn}
		hidden.Basic, hidden.Custom = a.BasicAuthenticationCredentials, a.CustomAuthenticationCredentials
		if o := a.OAuth2Properties; o != nil {
			hidden.OAuth2 = o.OAuth2Credentials
			c.AuthenticationConfiguration.OAuth2Properties = &types.OAuth2Properties{OAuth2ClientApplication: o.OAuth2ClientApplication,
				OAuth2GrantType: o.OAuth2GrantType, TokenUrl: o.TokenUrl, TokenUrlParametersMap: o.TokenUrlParametersMap}
		}
	}
	b, err := json.Marshal(hidden)
	if err != nil {
		return c, fmt.Errorf("cannot seal connection: %w", err)
	}
	c.Sealed = s.Directory.Seal(b, sealName(k))
	return c, nil
}

// reveal is a connection as an answer shows it, with its passwords unless they are to be hidden.
func (s *Service) reveal(tx *store.Tx, k store.Key, c connection, hide bool) (*types.Connection, error) {
	settings, err := s.encryption(tx, k.Account, k.Region)
	if err != nil {
		return nil, err
	}
	if hide || settings.ConnectionPasswordEncryption.ReturnConnectionPasswordEncrypted {
		return &c.Connection, nil
	}
	b, err := s.Directory.Unseal(c.Sealed, sealName(k))
	if err != nil {
		return nil, err
	}
	var hidden secrets
	if err := json.Unmarshal(b, &hidden); err != nil {
		return nil, fmt.Errorf("cannot read the secrets of a connection: %w", err)
	}
	out := c.Connection
	out.ConnectionProperties = maps.Clone(out.ConnectionProperties)
	maps.Copy(out.ConnectionProperties, hidden.Properties)
	return &out, nil
}

func noConnection(name *string) error {
	return notFound("Connection %s not found.", aws.ToString(name))
}

// CreateConnection keeps how a data store is reached.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_CreateConnection.html
func (s *Service) CreateConnection(ctx context.Context, in *glue.CreateConnectionInput) (*glue.CreateConnectionOutput, error) {
	k := connectionKey(ctx, in.ConnectionInput.Name)
	c, err := s.seal(ctx, k, in.ConnectionInput)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := taken(s.connections.Insert(tx, k, c), exists("Connection already exists.")); err != nil {
			return err
		}
		return s.tagNew(tx, connectionARN(k), in.Tags)
	})
	if err != nil {
		return nil, err
	}
	return &glue.CreateConnectionOutput{CreateConnectionStatus: types.ConnectionStatusReady}, nil
}

func (s *Service) createConnectionTargets(ctx context.Context, in *glue.CreateConnectionInput) ([]wire.Target, error) {
	return s.onConnections(ctx, in.CatalogId, aws.ToString(in.ConnectionInput.Name))
}

// GetConnection describes a connection.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetConnection.html
func (s *Service) GetConnection(ctx context.Context, in *glue.GetConnectionInput) (*glue.GetConnectionOutput, error) {
	k, out := connectionKey(ctx, in.Name), &glue.GetConnectionOutput{}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		c, err := s.connections.Get(tx, k)
		if err == nil {
			out.Connection, err = s.reveal(tx, k, c, in.HidePassword)
		}
		return absent(err, noConnection(in.Name))
	})
	return out, err
}

func (s *Service) getConnectionTargets(ctx context.Context, in *glue.GetConnectionInput) ([]wire.Target, error) {
	return s.onConnections(ctx, in.CatalogId, aws.ToString(in.Name))
}

// GetConnections lists connections.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_GetConnections.html
func (s *Service) GetConnections(ctx context.Context, in *glue.GetConnectionsInput) (*glue.GetConnectionsOutput, error) {
	list, token, err := fill(ctx, in.NextToken, in.MaxResults, func(after string) (out []entry[connection], err error) {
		err = s.Store.View(ctx, func(tx *store.Tx) error {
			k := connectionKey(ctx, nil)
			rows, err := s.connections.List(tx, store.Range{Account: k.Account, Region: k.Region, After: after, Limit: batch})
			for _, row := range rows {
				out = append(out, entry[connection]{row.Key.ID, row.Value})
			}
			return err
		})
		return out, err
	}, func(c connection) (out *types.Connection, err error) {
		if !wanted(&c.Connection, in.Filter) {
			return nil, nil
		}
		k := connectionKey(ctx, c.Name)
		targets, err := s.onARN(ctx, aws.String(connectionARN(k)))
		if err != nil {
			return nil, err
		}
		if ok, err := wire.May(ctx, targets[0]); err != nil || !ok {
			return nil, err
		}
		err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
			out, err = s.reveal(tx, k, c, in.HidePassword)
			return err
		})
		return out, err
	})
	return &glue.GetConnectionsOutput{ConnectionList: list, NextToken: token}, err
}

func wanted(c *types.Connection, f *types.GetConnectionsFilter) bool {
	if f == nil {
		return true
	}
	for _, m := range f.MatchCriteria {
		if !slices.Contains(c.MatchCriteria, m) {
			return false
		}
	}
	return (f.ConnectionType == "" || f.ConnectionType == c.ConnectionType) &&
		(f.ConnectionSchemaVersion == nil || *f.ConnectionSchemaVersion == *c.ConnectionSchemaVersion)
}

func (s *Service) getConnectionsTargets(ctx context.Context, in *glue.GetConnectionsInput) ([]wire.Target, error) {
	return s.onConnections(ctx, in.CatalogId)
}

// UpdateConnection changes a connection.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateConnection.html
func (s *Service) UpdateConnection(ctx context.Context, in *glue.UpdateConnectionInput) (*glue.UpdateConnectionOutput, error) {
	k := connectionKey(ctx, in.Name)
	if aws.ToString(in.ConnectionInput.Name) != k.ID {
		return nil, invalid("A connection cannot be renamed.")
	}
	c, err := s.seal(ctx, k, in.ConnectionInput)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		old, err := s.connections.Get(tx, k)
		if err != nil {
			return absent(err, noConnection(in.Name))
		}
		c.CreationTime = old.CreationTime
		return s.connections.Put(tx, k, c)
	})
	if err != nil {
		return nil, err
	}
	return &glue.UpdateConnectionOutput{}, nil
}

func (s *Service) updateConnectionTargets(ctx context.Context, in *glue.UpdateConnectionInput) ([]wire.Target, error) {
	return s.onConnections(ctx, in.CatalogId, aws.ToString(in.Name))
}

// DeleteConnection removes a connection.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_DeleteConnection.html
func (s *Service) DeleteConnection(ctx context.Context, in *glue.DeleteConnectionInput) (*glue.DeleteConnectionOutput, error) {
	if err := s.deleteConnection(ctx, in.ConnectionName); err != nil {
		return nil, err
	}
	return &glue.DeleteConnectionOutput{}, nil
}

func (s *Service) deleteConnection(ctx context.Context, name *string) error {
	k := connectionKey(ctx, name)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.connections.Delete(tx, k); err != nil {
			return absent(err, noConnection(name))
		}
		return s.untagAll(tx, connectionARN(k))
	})
}

func (s *Service) deleteConnectionTargets(ctx context.Context, in *glue.DeleteConnectionInput) ([]wire.Target, error) {
	return s.onConnections(ctx, in.CatalogId, aws.ToString(in.ConnectionName))
}

// BatchDeleteConnection removes several connections, each for itself.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeleteConnection.html
func (s *Service) BatchDeleteConnection(ctx context.Context, in *glue.BatchDeleteConnectionInput) (*glue.BatchDeleteConnectionOutput, error) {
	out := &glue.BatchDeleteConnectionOutput{Succeeded: []string{}, Errors: map[string]types.ErrorDetail{}}
	for _, name := range in.ConnectionNameList {
		if err := s.deleteConnection(ctx, &name); err != nil {
			detail, err := failure(err)
			if err != nil {
				return nil, err
			}
			out.Errors[name] = *detail
			continue
		}
		out.Succeeded = append(out.Succeeded, name)
	}
	return out, nil
}

func (s *Service) batchDeleteConnectionTargets(ctx context.Context, in *glue.BatchDeleteConnectionInput) ([]wire.Target, error) {
	return s.onConnections(ctx, in.CatalogId, in.ConnectionNameList...)
}
