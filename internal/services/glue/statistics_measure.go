package glue

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/axiomhq/hyperloglog"
)

// measure gathers the statistics of a column, in memory that does not grow with the rows.
type measure struct {
	typ                  tabular.Type
	rows, nulls          int64
	trues                int64
	longest, length      int64
	low, high            int64
	lowFloat, highFloat  float64
	lowNumber, topNumber *big.Int // of decimals, at the type's scale
	distinct             *hyperloglog.Sketch
	key                  []byte
}

func newMeasure(t tabular.Type) *measure {
	return &measure{typ: t, distinct: hyperloglog.New(), low: math.MaxInt64, high: math.MinInt64, lowFloat: math.Inf(1), highFloat: math.Inf(-1)}
}

// measurable tells whether there are statistics of a type: there are none of arrays, maps and structs.
func measurable(t tabular.Type) bool {
	return t.Kind != tabular.Array && t.Kind != tabular.Map && t.Kind != tabular.Struct && t.Kind != tabular.Void
}

// see takes a value as tabular.Rows gives it. What isn't of the column's type is null, as Hive reads it.
func (m *measure) see(v any) {
	m.rows++
	m.key = m.key[:0]
	switch v := v.(type) {
	case bool:
		if v {
			m.trues++
		}
		return
	case int64:
		m.whole(v)
	case float64:
		m.lowFloat, m.highFloat = min(m.lowFloat, v), max(m.highFloat, v)
		m.key = binary.LittleEndian.AppendUint64(m.key, math.Float64bits(v))
	case string:
		if m.typ.Kind == tabular.Decimal {
			if !m.number(v) {
				m.nulls++
				return
			}
			break
		}
		m.sized(int64(len([]rune(v))))
		m.key = append(m.key, v...)
	case []byte:
		m.sized(int64(len(v)))
		return
	case time.Time:
		m.whole(v.Unix())
	default:
		m.nulls++
		return
	}
	m.distinct.Insert(m.key)
}

func (m *measure) whole(v int64) {
	m.low, m.high = min(m.low, v), max(m.high, v)
	m.key = binary.LittleEndian.AppendUint64(m.key, uint64(v))
}

func (m *measure) sized(n int64) {
	m.longest = max(m.longest, n)
	m.length += n
}

func (m *measure) number(s string) bool {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > m.typ.Scale || len(s) > 100 {
		return false
	}
	n, ok := new(big.Int).SetString(whole+part+strings.Repeat("0", m.typ.Scale-len(part)), 10)
	if !ok {
		return false
	}
	if m.lowNumber == nil || n.Cmp(m.lowNumber) < 0 {
		m.lowNumber = n
	}
	if m.topNumber == nil || n.Cmp(m.topNumber) > 0 {
		m.topNumber = n
	}
	m.key = append(n.Append(m.key, 10), '.')
	return true
}

// result is what was gathered, in Glue's form.
// Source: https://docs.aws.amazon.com/glue/latest/webapi/API_ColumnStatisticsData.html
func (m *measure) result() types.ColumnStatisticsData {
	distinct := int64(m.distinct.Estimate())
	some := m.rows > m.nulls
	average := 0.0
	if some {
		average = float64(m.length) / float64(m.rows-m.nulls)
	}
	switch m.typ.Kind {
	case tabular.Boolean:
		return types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeBoolean, BooleanColumnStatisticsData: &types.BooleanColumnStatisticsData{
			NumberOfTrues: m.trues, NumberOfFalses: m.rows - m.nulls - m.trues, NumberOfNulls: m.nulls}}
	case tabular.TinyInt, tabular.SmallInt, tabular.Int, tabular.BigInt, tabular.Timestamp: // of timestamps seconds, as Hive has them
		d := &types.LongColumnStatisticsData{NumberOfDistinctValues: distinct, NumberOfNulls: m.nulls}
		if some {
			d.MinimumValue, d.MaximumValue = m.low, m.high
		}
		return types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeLong, LongColumnStatisticsData: d}
	case tabular.Float, tabular.Double:
		d := &types.DoubleColumnStatisticsData{NumberOfDistinctValues: distinct, NumberOfNulls: m.nulls}
		if m.lowFloat <= m.highFloat {
			d.MinimumValue, d.MaximumValue = m.lowFloat, m.highFloat
		}
		return types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeDouble, DoubleColumnStatisticsData: d}
	case tabular.Decimal:
		return types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeDecimal, DecimalColumnStatisticsData: &types.DecimalColumnStatisticsData{
			NumberOfDistinctValues: distinct, NumberOfNulls: m.nulls, MinimumValue: unscaled(m.lowNumber, m.typ.Scale), MaximumValue: unscaled(m.topNumber, m.typ.Scale)}}
	case tabular.Date:
		d := &types.DateColumnStatisticsData{NumberOfDistinctValues: distinct, NumberOfNulls: m.nulls}
		if some {
			d.MinimumValue, d.MaximumValue = aws.Time(time.Unix(m.low, 0).UTC()), aws.Time(time.Unix(m.high, 0).UTC())
		}
		return types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeDate, DateColumnStatisticsData: d}
	case tabular.Binary:
		return types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeBinary, BinaryColumnStatisticsData: &types.BinaryColumnStatisticsData{
			AverageLength: average, MaximumLength: m.longest, NumberOfNulls: m.nulls}}
	}
	return types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeString, StringColumnStatisticsData: &types.StringColumnStatisticsData{
		AverageLength: average, MaximumLength: m.longest, NumberOfDistinctValues: distinct, NumberOfNulls: m.nulls}}
}

// unscaled writes a decimal's digits as the bytes of a number in two's complement, the highest first.
func unscaled(n *big.Int, scale int) *types.DecimalNumber {
	if n == nil {
		return nil
	}
	bytes := n.BitLen()/8 + 1
	out := new(big.Int).Set(n)
	if n.Sign() < 0 {
		out.Add(out, new(big.Int).Lsh(big.NewInt(1), uint(8*bytes)))
	}
	return &types.DecimalNumber{Scale: int32(scale), UnscaledValue: out.FillBytes(make([]byte, bytes))}
}
