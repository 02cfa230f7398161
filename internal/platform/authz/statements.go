package authz

import (
	"encoding/json"
	"slices"
)

// Statements is a resource's policy, for who adds or removes a single statement. Those that others wrote stay as they are.
type Statements struct {
	Version   string
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:",omitempty"`
}

// ReadStatements reads a document; without one the policy is empty and gets the id.
func ReadStatements(document, id string) Statements {
	s := Statements{Version: "2012-10-17", ID: id}
	if document != "" {
		var one struct{ Statement json.RawMessage }
		if json.Unmarshal([]byte(document), &s) != nil && json.Unmarshal([]byte(document), &one) == nil {
			s.Statement = []json.RawMessage{one.Statement} // a lone statement needs no list
		}
	}
	return s
}

func labelled(sid string) func(json.RawMessage) bool {
	return func(statement json.RawMessage) bool {
		var s struct{ Sid string }
		_ = json.Unmarshal(statement, &s) // one without a label has none
		return s.Sid == sid
	}
}

// Has tells whether a statement has the label.
func (s *Statements) Has(sid string) bool { return slices.ContainsFunc(s.Statement, labelled(sid)) }

// Remove removes the statements with the label.
func (s *Statements) Remove(sid string) { s.Statement = slices.DeleteFunc(s.Statement, labelled(sid)) }
