package governance

import "slices"

// home is a database. What isn't in any has the empty name.
type home struct{ region, catalog, database string }

func (h home) account() string { return Resource{Catalog: h.catalog}.Account() }

// holder is an account in a region; that of all organizations together is "".
type holder struct{ region, account string }

// shelf holds the grants by what they are on. There may be hundreds of thousands, two or three on each table: what is kept
// for each is small.
type shelf struct {
	homes   map[home]map[string][]*Grant
	outside map[holder]map[*Grant]struct{} // on tables and databases of others than the holder
	// what stands in many grants is kept once
	words map[string]string
	// organized counts the grants to organizations and units
	organized int
}

func newShelf() *shelf {
	return &shelf{homes: map[home]map[string][]*Grant{}, outside: map[holder]map[*Grant]struct{}{}, words: map[string]string{}}
}

func (s *shelf) clear() { *s = *newShelf() }

// place is where grants on r are found. All grants on tag expressions of a catalog are in one.
func (r Resource) place(region string) (home, string) {
	switch r.Kind {
	case Database:
		return home{region, r.Catalog, r.Database}, ""
	case Table:
		return home{region, r.Catalog, r.Database}, r.Table
	case Location:
		return home{region, r.Catalog, ""}, string(Location) + Separator + r.Path
	case Tag:
		return home{region, r.Catalog, ""}, string(Tag) + Separator + r.TagKey
	case TagExpression:
		return home{region, r.Catalog, ""}, string(TagExpression) + Separator + r.Name
	}
	return home{region, r.Catalog, ""}, string(r.Kind)
}

func (s *shelf) at(region string, r Resource) []*Grant {
	h, name := r.place(region)
	return s.homes[h][name]
}

func (s *shelf) word(w string) string {
	if known, ok := s.words[w]; ok {
		return known
	}
	s.words[w] = w
	return w
}

func (g *Grant) holder() (holder, bool) {
	if g.Resource.Kind != Database && g.Resource.Kind != Table {
		return holder{}, false
	}
	account := AccountOf(g.Principal)
	if account == "" && !IsOrganization(g.Principal) || account == g.Resource.Account() {
		return holder{}, false
	}
	return holder{g.Region, account}, true
}

// same tells whether both would be kept under one key.
func (g *Grant) same(o *Grant) bool {
	return g.Principal == o.Principal && g.Grantor == o.Grantor && g.cut() == o.cut() &&
		(g.Resource.Kind != TagPolicy || g.Resource.Key() == o.Resource.Key())
}

func (s *shelf) put(g *Grant) {
	for _, w := range []*string{&g.Grantor, &g.Region, &g.Principal, &g.By, &g.Resource.Catalog, &g.Resource.Database} {
		*w = s.word(*w)
	}
	g.Resource.Kind = Kind(s.word(string(g.Resource.Kind)))
	s.drop(g)
	h, name := g.Resource.place(g.Region)
	in := s.homes[h]
	if in == nil {
		in = map[string][]*Grant{}
		s.homes[h] = in
	}
	list := in[name]
	if len(list) > 0 {
		g.Resource.Table = list[0].Resource.Table
	}
	in[name] = append(slices.Grow(list, 1), g)
	if w, ok := g.holder(); ok {
		if s.outside[w] == nil {
			s.outside[w] = map[*Grant]struct{}{}
		}
		s.outside[w][g] = struct{}{}
	}
	if IsOrganization(g.Principal) {
		s.organized++
	}
}

func (s *shelf) drop(like *Grant) {
	h, name := like.Resource.place(like.Region)
	list := s.homes[h][name]
	i := slices.IndexFunc(list, like.same)
	if i < 0 {
		return
	}
	g := list[i]
	// Others may be walking the old list only under the lock, so that it can be changed in place.
	if list = slices.Delete(list, i, i+1); len(list) > 0 {
		s.homes[h][name] = list
	} else if delete(s.homes[h], name); len(s.homes[h]) == 0 {
		delete(s.homes, h)
	}
	if w, ok := g.holder(); ok {
		if delete(s.outside[w], g); len(s.outside[w]) == 0 {
			delete(s.outside, w)
		}
	}
	if IsOrganization(g.Principal) {
		s.organized--
	}
}

// all walks every grant.
func (s *shelf) all(yield func(*Grant) bool) {
	for h := range s.homes {
		for _, list := range s.homes[h] {
			for _, g := range list {
				if !yield(g) {
					return
				}
			}
		}
	}
}
