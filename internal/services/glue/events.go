package glue

import (
	"context"
	"encoding/json"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Source: https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html

type databaseChange struct {
	DatabaseName  string   `json:"databaseName"`
	TypeOfChange  string   `json:"typeOfChange"`
	ChangedTables []string `json:"changedTables"`
}

type tableChange struct {
	DatabaseName      string   `json:"databaseName"`
	TableName         string   `json:"tableName"`
	TypeOfChange      string   `json:"typeOfChange"`
	ChangedPartitions []string `json:"changedPartitions"`
}

// databaseChanged tells that a database, or which tables are in it, was changed by the call at hand.
func (s *Service) databaseChanged(ctx context.Context, tx *store.Tx, r governance.Resource, tables ...string) error {
	region := wire.CallOf(ctx).Region
	names := []string{}
	if len(tables) == 0 {
		names = append(names, r.ARN(region))
	}
	for _, t := range tables {
		names = append(names, governance.Resource{Kind: governance.Table, Catalog: r.Catalog, Database: r.Database, Table: t}.ARN(region))
	}
	return s.tell(ctx, tx, "Glue Data Catalog Database State Change", r.Account(), names,
		databaseChange{r.Database, wire.CallOf(ctx).Operation, append([]string{}, tables...)})
}

// tableChanged tells that a table, or which partitions it has, was changed by the call at hand.
func (s *Service) tableChanged(ctx context.Context, tx *store.Tx, r governance.Resource, partitions ...string) error {
	return s.tell(ctx, tx, "Glue Data Catalog Table State Change", r.Account(), []string{r.ARN(wire.CallOf(ctx).Region)},
		tableChange{r.Database, r.Table, wire.CallOf(ctx).Operation, append([]string{}, partitions...)})
}

func (s *Service) tell(ctx context.Context, tx *store.Tx, what, account string, resources []string, detail any) error {
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.glue", DetailType: what, Account: account, Region: wire.CallOf(ctx).Region, Resources: resources, Detail: b})
}
