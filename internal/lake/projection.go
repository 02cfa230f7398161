package lake

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// maxProjected is how many partitions a projection may come to.
const maxProjected = 100_000

// projected is a partition that follows from the table's properties.
type projected struct {
	values   []string
	location string
}

func badProjection(format string, args ...any) error {
	return sql.Errorf(sql.Data, "INVALID_TABLE_PROPERTY", format, args...)
}

// project works out the partitions of a table with partition projection.
// Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
func project(ctx context.Context, t glueTypes.Table, now time.Time, asked sql.Keys) ([]projected, error) {
	lists := make([][]string, len(t.PartitionKeys))
	total := 1
	for i, k := range t.PartitionKeys {
		list, err := projectedValues(ctx, t.Parameters, aws.ToString(k.Name), now, asked)
		if err != nil {
			return nil, err
		}
		lists[i] = list
		if total *= len(list); total > maxProjected {
			return nil, badProjection("the projection of table %s has more than %d partitions", aws.ToString(t.Name), maxProjected)
		}
	}
	template := t.Parameters["storage.location.template"]
	out := make([]projected, 0, total)
	values := make([]string, len(lists))
	var walk func(i int)
	walk = func(i int) {
		if i == len(lists) {
			p := projected{values: append([]string(nil), values...)}
			if template == "" {
				p.location = strings.TrimSuffix(Location(&t), "/") + "/" + Folder(t.PartitionKeys, values)
			} else {
				p.location = template
				for j, k := range t.PartitionKeys {
					p.location = strings.ReplaceAll(p.location, "${"+aws.ToString(k.Name)+"}", values[j])
				}
			}
			out = append(out, p)
			return
		}
		for _, v := range lists[i] {
			values[i] = v
			walk(i + 1)
		}
	}
	walk(0)
	return out, nil
}

func projectedValues(ctx context.Context, p map[string]string, key string, now time.Time, asked sql.Keys) ([]string, error) {
	at := func(name string) string { return p["projection."+key+"."+name] }
	switch kind := strings.ToLower(at("type")); kind {
	case "enum":
		var out []string
		for _, v := range strings.Split(at("values"), ",") {
			out = append(out, strings.TrimSpace(v))
		}
		return out, nil
	case "integer":
		return projectedIntegers(key, at)
	case "date":
		return projectedDates(key, at, now)
	case "injected":
		return injectedValues(ctx, key, asked)
	default:
		return nil, badProjection("projection.%s.type is not a type of projection: '%s'", key, kind)
	}
}

// injectedValues are those that the statement names.
// Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-dynamic-id-partitioning.html
func injectedValues(ctx context.Context, key string, asked sql.Keys) (list []string, err error) {
	if asked.Values != nil {
		list, err = asked.Values(ctx, key)
	}
	if list == nil && err == nil {
		err = sql.Errorf(sql.Data, "CONSTRAINT_VIOLATION", "For the injected projected partition column %s, the WHERE clause must contain only static equality conditions, and at least one such condition must be present.", key)
	}
	for _, v := range list { // a value names folders below the table's and leads nowhere else
		for part := range strings.SplitSeq(v, "/") {
			if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "\\\x00") {
				return nil, sql.Errorf(sql.Data, "CONSTRAINT_VIOLATION", "The injected projected partition column %s has a value that no partition can have.", key)
			}
		}
	}
	return list, err
}

func projectedIntegers(key string, at func(string) string) ([]string, error) {
	lo, hi, ok := strings.Cut(at("range"), ",")
	from, err := strconv.ParseInt(strings.TrimSpace(lo), 10, 64)
	to, err2 := strconv.ParseInt(strings.TrimSpace(hi), 10, 64)
	step, width := int64(1), 0
	if s := at("interval"); s != "" {
		step, _ = strconv.ParseInt(s, 10, 64)
	}
	if s := at("digits"); s != "" {
		width, _ = strconv.Atoi(s)
	}
	if !ok || err != nil || err2 != nil || step < 1 || width < 0 || width > 20 || to < from || (to-from)/step >= maxProjected {
		return nil, badProjection("the integer projection of %s is not valid", key)
	}
	var out []string
	for v := from; v <= to; v += step {
		out = append(out, fmt.Sprintf("%0*d", width, v))
	}
	return out, nil
}

var relativeDate = regexp.MustCompile(`^NOW\s*(?:([+-])\s*(\d{1,6})\s*(YEARS?|MONTHS?|WEEKS?|DAYS?|HOURS?|MINUTES?|SECONDS?))?$`)

func projectedDates(key string, at func(string) string, now time.Time) ([]string, error) {
	layout, unit, ok := javaLayout(at("format"))
	lo, hi, two := strings.Cut(at("range"), ",")
	from, err := projectedDate(lo, layout, now)
	to, err2 := projectedDate(hi, layout, now)
	step := 1
	if s := at("interval"); s != "" {
		step, _ = strconv.Atoi(s)
	}
	if u := strings.TrimSuffix(strings.ToUpper(at("interval.unit")), "S"); u != "" {
		unit = u
	}
	if !ok || !two || err != nil || err2 != nil || step < 1 || unit == "" {
		return nil, badProjection("the date projection of %s is not valid", key)
	}
	var out []string
	for v := from; !v.After(to); v = shift(v, unit, step) {
		if out = append(out, v.Format(layout)); len(out) > maxProjected {
			return nil, badProjection("the date projection of %s has more than %d values", key, maxProjected)
		}
	}
	return out, nil
}

func projectedDate(s, layout string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	m := relativeDate.FindStringSubmatch(strings.ToUpper(s))
	if m == nil {
		return time.Parse(layout, s)
	}
	n, _ := strconv.Atoi(m[2])
	if m[1] == "-" {
		n = -n
	}
	v := shift(now.UTC(), strings.TrimSuffix(m[3], "S"), n)
	return time.Parse(layout, v.Format(layout))
}

func shift(t time.Time, unit string, n int) time.Time {
	switch unit {
	case "YEAR":
		return t.AddDate(n, 0, 0)
	case "MONTH":
		return t.AddDate(0, n, 0)
	case "WEEK":
		return t.AddDate(0, 0, 7*n)
	case "DAY":
		return t.AddDate(0, 0, n)
	case "HOUR":
		return t.Add(time.Duration(n) * time.Hour)
	case "MINUTE":
		return t.Add(time.Duration(n) * time.Minute)
	}
	return t.Add(time.Duration(n) * time.Second)
}

// javaLayout turns a pattern of Java's DateTimeFormatter into a layout, with the smallest unit in it.
func javaLayout(pattern string) (layout, unit string, ok bool) {
	words := []struct{ java, layout, unit string }{{"yyyy", "2006", "YEAR"}, {"uuuu", "2006", "YEAR"}, {"yy", "06", "YEAR"}, {"MM", "01", "MONTH"},
		{"dd", "02", "DAY"}, {"HH", "15", "HOUR"}, {"mm", "04", "MINUTE"}, {"ss", "05", "SECOND"}}
next:
	for pattern != "" {
		if pattern[0] == '\'' {
			end := strings.IndexByte(pattern[1:], '\'')
			if end < 0 {
				return "", "", false
			}
			layout += pattern[1 : 1+end]
			pattern = pattern[end+2:]
			continue
		}
		for _, w := range words {
			if strings.HasPrefix(pattern, w.java) {
				layout, unit, pattern = layout+w.layout, w.unit, pattern[len(w.java):]
				continue next
			}
		}
		if c := pattern[0]; c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return "", "", false
		}
		layout, pattern = layout+pattern[:1], pattern[1:]
	}
	return layout, unit, layout != ""
}
