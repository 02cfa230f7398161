package catalog

import (
	"encoding/json"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// ByTable is the index of runs by the id of their table.
const ByTable = "table"

// StatisticsRun computes the statistics of a table's columns.
type StatisticsRun struct {
	types.ColumnStatisticsTaskRun
	Region  string
	Table   governance.Resource
	TableID string
	Job     string
}

// Going tells whether the run has not ended.
func (r StatisticsRun) Going() bool {
	return r.Status == types.ColumnStatisticsStateStarting || r.Status == types.ColumnStatisticsStateRunning
}

// MarshalJSON leaves out what is not set.
func (r StatisticsRun) MarshalJSON() ([]byte, error) {
	type plain StatisticsRun
	return Compact(json.Marshal(plain(r)))
}

// RunKey is where a run is kept: with the account that owns the table, in order of time.
func RunKey(r StatisticsRun) store.Key {
	return store.Key{Account: r.Table.Account(), Region: r.Region, ID: *r.ColumnStatisticsTaskRunId}
}

func runsOf(st *store.Store) *store.Table[StatisticsRun] {
	return store.NewTable(st, "glue_statistics_run", store.Index[StatisticsRun]{Name: ByTable, Value: func(r StatisticsRun) []string { return []string{r.TableID} }})
}

// StatisticsSettings say how the statistics of a table are computed, and when.
type StatisticsSettings struct {
	types.ColumnStatisticsTaskSettings
	Table   governance.Resource
	TableID string
	Turn    string // changes with the schedule
}

// MarshalJSON leaves out what is not set.
func (s StatisticsSettings) MarshalJSON() ([]byte, error) {
	type plain StatisticsSettings
	return Compact(json.Marshal(plain(s)))
}

// SettingsKey is where the settings for a table's statistics are kept.
func SettingsKey(region string, t Table) store.Key { return t.key(region, "settings") }
