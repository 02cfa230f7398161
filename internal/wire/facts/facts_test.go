package facts

import (
	"slices"
	"testing"
)

func TestEveryServiceLoads(t *testing.T) {
	if len(Names()) != 39 {
		t.Fatalf("%d services, want 39", len(Names()))
	}
	protocols := []string{"json", "rest-json", "rest-xml", "query", "smithy-rpc-v2-cbor"}
	for _, e := range Index() {
		s, err := Load(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != e.Name || s.Metadata.Signing() != e.SigningName || e.SigningName == "" || e.APIVersion == "" {
			t.Errorf("%s: index and facts differ: %+v", e.Name, e)
		}
		for _, p := range e.Protocols {
			if !slices.Contains(protocols, p) {
				t.Errorf("%s speaks %q", e.Name, p)
			}
		}
		if len(s.Operations) == 0 {
			t.Errorf("%s has no operations", e.Name)
		}
		for name, op := range s.Operations {
			if op.HTTP.Method == "" || op.HTTP.URI == "" || op.Name != name {
				t.Errorf("%s %s: incomplete: %+v", e.Name, name, op)
			}
			for _, r := range append([]*Ref{op.Input, op.Output}, op.Errors...) {
				if r != nil && s.Shapes[r.Shape] == nil {
					t.Errorf("%s %s: no shape %s", e.Name, name, r.Shape)
				}
			}
		}
		for name, sh := range s.Shapes {
			refs := []*Ref{sh.Member, sh.Key, sh.Value}
			for _, r := range sh.Members {
				refs = append(refs, r)
			}
			for _, r := range refs {
				if r != nil && s.Shapes[r.Shape] == nil {
					t.Errorf("%s %s: no shape %s", e.Name, name, r.Shape)
				}
			}
			for _, r := range sh.Required {
				if sh.Members[r] == nil {
					t.Errorf("%s %s: required member %s is missing", e.Name, name, r)
				}
			}
		}
	}
}

func TestKnownFacts(t *testing.T) {
	iam, err := Load("iam")
	if err != nil {
		t.Fatal(err)
	}
	op := iam.Operations["CreateRole"]
	role := iam.Shapes[iam.Shapes[op.Input.Shape].Members["RoleName"].Shape]
	if *role.Max != 64 || role.Pattern != `[\w+=,.@-]+` || op.Output.ResultWrapper != "CreateRoleResult" {
		t.Errorf("CreateRole: %+v %+v", role, op.Output)
	}
	if e := iam.Shapes["NoSuchEntityException"].Error; e.Code != "NoSuchEntity" || e.Status != 404 {
		t.Errorf("NoSuchEntityException: %+v", e)
	}
	if p := iam.Paginators["ListRoles"]; p.InputToken[0] != "Marker" || p.MoreResults != "IsTruncated" {
		t.Errorf("ListRoles pages: %+v", p)
	}
	if again, _ := Load("iam"); again != iam {
		t.Error("facts are decoded twice")
	}
	if _, err := Load("../iam"); err == nil {
		t.Error("a service that isn't there loads")
	}
}
