// Package schedule reads the schedule expressions of AWS, rate(…), cron(…) and at(…), and tells when they are due next.
//
// Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Expression is a parsed schedule.
type Expression struct {
	every time.Duration // of rate
	at    time.Time     // of at
	cron  string        // in gronx's form, with seconds and year
	zone  *time.Location
}

var (
	errForm = errors.New("schedule expression is not valid")
	ratePat = regexp.MustCompile(`^rate\((\d{1,9}) (minutes?|hours?|days?)\)$`)
	cronPat = regexp.MustCompile(`^cron\(([^()]{1,200})\)$`)
	atPat   = regexp.MustCompile(`^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$`)
)

// Parse reads an expression; cron and at are meant in the zone.
func Parse(text string, zone *time.Location) (Expression, error) {
	e := Expression{zone: zone}
	if m := ratePat.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n == 0 || (n == 1) == strings.HasSuffix(m[2], "s") {
			return e, errForm
		}
		unit := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[m[2][0]]
		if e.every = time.Duration(n) * unit; e.every/unit != time.Duration(n) {
			return e, errForm
		}
		return e, nil
	}
	if m := atPat.FindStringSubmatch(text); m != nil {
		at, err := time.ParseInLocation("2006-01-02T15:04:05", m[1], zone)
		if err != nil {
			return e, errForm
		}
		e.at = at
		return e, nil
	}
	m := cronPat.FindStringSubmatch(text)
	if m == nil {
		return e, errForm
	}
	var err error
	e.cron, err = translate(m[1])
	return e, err
}

// translate puts a cron expression of AWS into gronx's form. AWS counts days of the week from 1 (Sunday), and wants "?" for
// the day of the month or of the week.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func translate(fields string) (string, error) {
	f := strings.Fields(strings.ToUpper(fields))
	if len(f) != 6 {
		return "", fmt.Errorf("%w: cron has six fields", errForm)
	}
	if (f[2] == "?") == (f[4] == "?") {
		return "", fmt.Errorf("%w: either the day of the month or the day of the week is ?", errForm)
	}
	week, err := weekdays(f[4])
	if err != nil {
		return "", err
	}
	f[4] = week
	for i := range f {
		if f[i] == "?" {
			f[i] = "*"
		}
	}
	out := "0 " + strings.Join(f, " ")
	if !gronx.IsValid(out) {
		return "", errForm
	}
	return out, nil
}

var dayPat = regexp.MustCompile(`^([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(-([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?(L|#[1-5])?(/\d{1,2})?$`)

func weekdays(field string) (string, error) {
	if field == "?" || field == "*" || field == "L" {
		return map[string]string{"?": "?", "*": "*", "L": "6"}[field], nil // L alone is Saturday
	}
	var out []string
	for _, part := range strings.Split(field, ",") {
		if step, ok := strings.CutPrefix(part, "*/"); ok {
			if _, err := strconv.Atoi(step); err != nil {
				return "", errForm
			}
			out = append(out, part)
			continue
		}
		m := dayPat.FindStringSubmatch(part)
		if m == nil {
			return "", errForm
		}
		text := weekday(m[1])
		if m[3] != "" {
			text += "-" + weekday(m[3])
		}
		out = append(out, text+m[4]+m[5])
	}
	return strings.Join(out, ","), nil
}

// weekday is a day's number from 0, Sunday.
func weekday(s string) string {
	for i, name := range []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"} {
		if s == name || s == strconv.Itoa(i+1) {
			return strconv.Itoa(i)
		}
	}
	return s
}

// Rate tells the time between two of a rate; 0 of other expressions.
func (e Expression) Rate() time.Duration { return e.every }

// Next is when the schedule is due first after a time. A rate counts from its beginning. ok is false when it is never due
// again.
func (e Expression) Next(begun, after time.Time) (next time.Time, ok bool) {
	switch {
	case e.every > 0:
		if after.Before(begun) {
			return begun.Add(e.every), true
		}
		n := after.Sub(begun)/e.every + 1
		return begun.Add(n * e.every), true
	case !e.at.IsZero():
		return e.at, e.at.After(after)
	}
	next, err := gronx.NextTickAfter(e.cron, after.In(e.zone), false)
	if err != nil {
		return time.Time{}, false
	}
	return next.UTC(), true
}
