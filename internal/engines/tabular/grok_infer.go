package tabular

import (
	"bytes"
	"time"
)

const (
	maxLine   = 16 << 10 // longer lines match nothing
	grokLines = 1000     // looked at
	grokTime  = time.Second
)

func (g *GrokClassifier) classify(s *sample) (Schema, bool) {
	out := Schema{Format: Grok, Classification: g.Classification, Pattern: g.pattern, Patterns: g.patterns}
	rest, size := s.text, 0
	until := time.Now().Add(grokTime)
	for n := 0; len(rest) > 0 && n < grokLines; n++ {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if !ended && !s.whole && n > 0 {
			break // it was cut
		}
		rest = after
		if line = trimReturn(line); len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(line) <= maxLine && g.re.Match(line) {
			out.Records++
			size += len(line) + 1
		} else {
			out.Bad++
		}
		if n%16 == 15 && time.Now().After(until) {
			break
		}
	}
	if out.Records == 0 || out.Bad > out.Records {
		return Schema{}, false
	}
	out.Columns = append(out.Columns, g.columns...)
	out.AverageRecord = int64(size) / out.Records
	return out, true
}
