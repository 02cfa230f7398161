package guardrail

import (
	"context"
	"strings"
	"unicode/utf8"
)

// Stream looks at a text that comes in pieces. What it gives on can no longer be part of a match: it keeps back as much as the
// longest match could have, and from where a match begins. Guardrails that judge by sense keep back everything.
type Stream struct {
	g    *Guardrail
	side Side
	by   Context

	before  string // the character that was given on last, where that was within a word: matches see what they come after
	kept    string
	seen    strings.Builder
	result  Result
	blocked bool
}

// Stream begins a text.
func (g *Guardrail) Stream(side Side, by Context) *Stream { return &Stream{g: g, side: side, by: by} }

// Write takes a piece and gives what can go on. After a block nothing does.
func (s *Stream) Write(piece string) (out string, blocked bool) {
	if s.blocked {
		return "", true
	}
	s.kept += piece
	s.seen.WriteString(piece)
	if s.g.whole || len(s.kept) <= s.g.reach {
		return "", false
	}
	text := s.before + s.kept
	found := s.g.exact(s.side, text)
	cut := boundary(text, len(text)-s.g.reach)
	for again := true; again; { // no match is cut in two
		again = false
		for _, f := range found {
			if f.from < cut && f.to > cut {
				cut, again = f.from, true
			}
		}
	}
	if cut <= len(s.before) {
		return "", false
	}
	return s.give(text, cut, found)
}

// give hands on the text up to cut, with what is found in it.
func (s *Stream) give(text string, cut int, found []Finding) (string, bool) {
	var within []Finding
	for _, f := range found {
		if n := len(s.before); f.from >= n && f.to <= cut {
			f.span = span{f.from - n, f.start - n, f.end - n, f.to - n}
			within = append(within, f)
		}
	}
	r := settle(text[len(s.before):cut], within)
	s.result.Findings = append(s.result.Findings, r.Findings...)
	s.result.Masked = s.result.Masked || r.Masked
	if r.Blocked {
		s.result.Blocked, s.blocked = true, true
		return "", true
	}
	s.kept, s.before = text[cut:], ""
	if last, n := utf8.DecodeLastRuneInString(text[:cut]); wordy(last) {
		s.before = text[cut-n : cut]
	}
	return r.Text, false
}

// boundary is the last place up to cut that comes after white space, or else between two characters.
func boundary(text string, cut int) int {
	if i := strings.LastIndexAny(text[:cut], " \n\t"); i >= 0 {
		return i + 1
	}
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return cut
}

// Close gives the rest, and what came of the whole text.
func (s *Stream) Close(ctx context.Context) (out string, r Result, err error) {
	if s.blocked {
		return "", s.result, nil
	}
	text := s.before + s.kept
	out, _ = s.give(text, len(text), s.g.exact(s.side, text))
	more, err := s.g.sense(ctx, s.side, s.seen.String(), s.by)
	if err != nil {
		return "", s.result, err
	}
	s.result.Findings = append(s.result.Findings, more...)
	for _, f := range more {
		s.result.Blocked = s.result.Blocked || f.Action == Block
	}
	if s.result.Blocked {
		s.blocked = true
		return "", s.result, nil
	}
	return out, s.result, nil
}
