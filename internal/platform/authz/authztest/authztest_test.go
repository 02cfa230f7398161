package authztest

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

func TestDecisions(t *testing.T) {
	cases, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 170 {
		t.Errorf("got %d cases, want at least 170", len(cases))
	}
	for _, c := range cases {
		r, p, err := c.Question()
		if err != nil {
			t.Errorf("%s/%s: %v", c.Group, c.Name, err)
			continue
		}
		if d := authz.Evaluate(r, p); d.Outcome != c.Want || d.By != c.By {
			t.Errorf("%s/%s: got %s by %q, want %s by %q", c.Group, c.Name, d.Outcome, d.By, c.Want, c.By)
		}
	}
}

// TestDecisionsBindOutcome makes sure that the table decides something on either side for every group.
func TestDecisionsBindOutcome(t *testing.T) {
	cases, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]map[bool]bool{}
	for _, c := range cases {
		if groups[c.Group] == nil {
			groups[c.Group] = map[bool]bool{}
		}
		groups[c.Group][c.Want == authz.Allowed] = true
	}
	for g, sides := range groups {
		if len(sides) != 2 && g != "root" {
			t.Errorf("group %s: only one side of the decision is covered", g)
		}
	}
}
