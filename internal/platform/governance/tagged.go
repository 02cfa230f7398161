package governance

import (
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// expression is what a grant on tags asks for.
func (d *decision) expression(r Resource) []TagValues {
	if r.Name == "" {
		return r.Expression
	}
	return d.l.Expressions.Rows()[store.Key{Account: r.Account(), Region: d.region, ID: r.Name}].Expression
}

func (d *decision) tags(r Resource) Tagged {
	return d.l.Tagged.Rows()[store.Key{Account: r.Account(), Region: d.region, ID: r.Key()}]
}

// inherited are the tags of a database, or of a table with those of its database below.
func (d *decision) inherited(r Resource) map[string]string {
	own := d.tags(r).Tags
	if r.Kind != Table {
		return own
	}
	return over(d.tags(Resource{Kind: Database, Catalog: r.Catalog, Database: r.Database}).Tags, own)
}

// Match tells whether tags meet an expression: of each of its keys one of the values.
func Match(tags map[string]string, want []TagValues) bool { return match(tags, want) }

// Over puts a resource's own tags over those that it inherits.
func Over(inherited, own map[string]string) map[string]string { return over(inherited, own) }

// over puts what is own over what is inherited.
func over(inherited, own map[string]string) map[string]string {
	if len(own) == 0 {
		return inherited
	}
	out := make(map[string]string, len(inherited)+len(own))
	maps.Copy(out, inherited)
	maps.Copy(out, own)
	return out
}

func match(tags map[string]string, want []TagValues) bool {
	for _, t := range want {
		if v, ok := tags[t.Key]; !ok || !slices.Contains(t.Values, v) && !slices.Contains(t.Values, "*") {
			return false
		}
	}
	return len(want) > 0
}

func (d *decision) matches(r Resource, want []TagValues) bool {
	if match(d.inherited(r), want) {
		return true
	}
	return r.Kind == Table && len(d.tagged(r, want).Names) > 0
}

// tagged is the part of a table that an expression matches: columns with tags of their own count by these.
func (d *decision) tagged(r Resource, want []TagValues) Scope {
	all := d.inherited(r)
	table := match(all, want)
	s := Scope{Every: table}
	for column, own := range d.tags(r).Columns {
		if m := match(over(all, own), want); m && !table {
			s.Names = append(s.Names, column)
		} else if !m && table {
			s.Excluded = append(s.Excluded, column)
		}
	}
	slices.Sort(s.Names)
	slices.Sort(s.Excluded)
	return s
}
