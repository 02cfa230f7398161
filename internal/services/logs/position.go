package logs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
)

// digits is how long an event's id is.
const digits = 56

// eventID writes a position in 56 digits, whose order is that of events.
func eventID(time int64, seq uint64) string { return fmt.Sprintf("%020d%036d", time, seq) }

func readEventID(text string) (p eventfile.Position, ok bool) {
	if len(text) != digits {
		return p, false
	}
	var err1, err2 error
	p.Time, err1 = strconv.ParseInt(text[:20], 10, 64)
	p.Seq, err2 = strconv.ParseUint(text[20:], 10, 64)
	return p, err1 == nil && err2 == nil && p.Time >= 0
}

// The directions of GetLogEvents' tokens.
const (
	forward  = "f/"
	backward = "b/"
)

func token(direction string, p eventfile.Position) *string {
	t := direction + eventID(p.Time, p.Seq) + "/s"
	return &t
}

func readToken(text string) (direction string, p eventfile.Position, ok bool) {
	for _, direction = range []string{forward, backward} {
		if id, found := strings.CutPrefix(text, direction); found {
			id, end := strings.CutSuffix(id, "/s")
			p, ok = readEventID(id)
			return direction, p, ok && end
		}
	}
	return "", p, false
}
