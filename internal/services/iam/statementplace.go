package iam

import (
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// statementPlace is where a statement stands in its document.
type statementPlace struct {
	start, end types.Position
	allow      bool
}

// placesOf finds the statements of a policy once, as a simulation may ask for them in each of its answers.
func (m *simulation) placesOf(policyID string) []statementPlace {
	places, ok := m.places[policyID]
	if !ok {
		places = statementPlaces(m.sources[policyID].document)
		if m.places == nil {
			m.places = map[string][]statementPlace{}
		}
		m.places[policyID] = places
	}
	return places
}

// statementPlaces finds the statements of a document. Of one that is not well formed it finds what it can.
func statementPlaces(document string) []statementPlace {
	dec := json.NewDecoder(strings.NewReader(document))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil
		}
		if name == "Statement" {
			return statementsAt(dec, document)
		}
		var skipped json.RawMessage
		if dec.Decode(&skipped) != nil {
			return nil
		}
	}
	return nil
}

// statementsAt reads the value of Statement, one or a list.
func statementsAt(dec *json.Decoder, document string) (out []statementPlace) {
	at := cursor{document: document, line: 1, column: 1}
	one := func() bool {
		var raw json.RawMessage
		var s struct{ Effect string }
		if dec.Decode(&raw) != nil || json.Unmarshal(raw, &s) != nil {
			return false
		}
		end := int(dec.InputOffset())
		out = append(out, statementPlace{at.move(end - len(raw)), at.move(end), s.Effect == "Allow"})
		return true
	}
	if rest := strings.TrimLeft(document[dec.InputOffset():], ": \t\r\n"); !strings.HasPrefix(rest, "[") {
		one()
		return out
	}
	if _, err := dec.Token(); err != nil {
		return nil
	}
	for dec.More() && one() {
	}
	return out
}

// cursor goes forward through a document and counts lines and columns, both from 1.
type cursor struct {
	document     string
	offset       int
	line, column int32
}

func (c *cursor) move(to int) types.Position {
	passed := c.document[c.offset:to]
	if i := strings.LastIndexByte(passed, '\n'); i >= 0 {
		c.line += int32(strings.Count(passed, "\n"))
		c.column = int32(len(passed) - i)
	} else {
		c.column += int32(len(passed))
	}
	c.offset = to
	return types.Position{Line: c.line, Column: c.column}
}
