// Package alarmrule reads the rules of composite alarms: conditions on the states of other alarms.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
package alarmrule

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// MaxAlarms is how many alarms a rule may name, and maxElements how many conditions and operators it may have.
	MaxAlarms   = 100
	maxElements = 500
	maxDepth    = 64
)

// States as rules and alarms name them.
const (
	OK           = "OK"
	Alarm        = "ALARM"
	Insufficient = "INSUFFICIENT_DATA"
)

// node is a condition: "state" of an alarm, "least" of several, "true", "false", "not", "and", "or".
type node struct {
	op      string
	state   string
	not     bool // of "least": the alarms are not in the state
	alarms  []string
	number  int
	percent bool
	args    []*node
}

// Rule is a parsed rule.
type Rule struct {
	root   *node
	alarms []string
}

// Parse reads a rule. Its errors are for the caller.
func Parse(text string) (*Rule, error) {
	p := &parser{rest: text}
	n, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.peek() != "" {
		return nil, p.unexpected()
	}
	if len(p.alarms) > MaxAlarms {
		return nil, fmt.Errorf("AlarmRule names more than %d alarms", MaxAlarms)
	}
	return &Rule{n, p.alarms}, nil
}

// Alarms are the names and ARNs in the rule, each once.
func (r *Rule) Alarms() []string { return r.alarms }

// Eval tells whether the rule holds, given the state of each alarm.
func (r *Rule) Eval(state func(alarm string) string) bool { return r.root.eval(state) }

func (n *node) eval(state func(string) string) bool {
	switch n.op {
	case "true":
		return true
	case "state":
		return state(n.alarms[0]) == n.state
	case "not":
		return !n.args[0].eval(state)
	case "and":
		return !slices.ContainsFunc(n.args, func(a *node) bool { return !a.eval(state) })
	case "or":
		return slices.ContainsFunc(n.args, func(a *node) bool { return a.eval(state) })
	case "least":
		count := 0
		for _, a := range n.alarms {
			if (state(a) == n.state) != n.not {
				count++
			}
		}
		if n.percent {
			return count*100 >= n.number*len(n.alarms)
		}
		return count >= n.number
	}
	return false
}

type parser struct {
	rest     string
	elements int
	alarms   []string
}

const signs = "(),"

// peek gives the next word or sign, "" at the end. A name in quotes comes with its first quote.
func (p *parser) peek() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return ""
	}
	if c := p.rest[0]; strings.IndexByte(signs, c) >= 0 {
		return p.rest[:1]
	} else if c == '"' || c == '\'' {
		for i := 1; i < len(p.rest); i++ {
			switch p.rest[i] {
			case '\\':
				i++
			case c:
				return p.rest[:i+1]
			}
		}
		return p.rest
	}
	if i := strings.IndexAny(p.rest, signs+" \t\r\n"); i > 0 {
		return p.rest[:i]
	}
	return p.rest
}

func (p *parser) next() string {
	t := p.peek()
	p.rest = p.rest[len(t):]
	return t
}

func (p *parser) unexpected() error {
	if t := p.peek(); t != "" {
		return fmt.Errorf("AlarmRule must not contain %q here", t)
	}
	return errors.New("AlarmRule ends too early")
}

func (p *parser) expect(sign string) error {
	if p.peek() != sign {
		return p.unexpected()
	}
	p.next()
	return nil
}

func (p *parser) element(depth int) error {
	if p.elements++; p.elements > maxElements {
		return fmt.Errorf("AlarmRule has more than %d elements", maxElements)
	}
	if depth > maxDepth {
		return errors.New("AlarmRule is nested too deeply")
	}
	return nil
}

func (p *parser) or(depth int) (*node, error)  { return p.chain("OR", "or", depth, p.and) }
func (p *parser) and(depth int) (*node, error) { return p.chain("AND", "and", depth, p.not) }

func (p *parser) chain(word, op string, depth int, part func(int) (*node, error)) (*node, error) {
	first, err := part(depth)
	if err != nil || p.peek() != word {
		return first, err
	}
	n := &node{op: op, args: []*node{first}}
	for p.peek() == word {
		p.next()
		if err := p.element(depth); err != nil {
			return nil, err
		}
		a, err := part(depth)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, a)
	}
	return n, nil
}

func (p *parser) not(depth int) (*node, error) {
	if err := p.element(depth); err != nil {
		return nil, err
	}
	switch t := p.peek(); t {
	case "NOT":
		p.next()
		n, err := p.not(depth + 1)
		return &node{op: "not", args: []*node{n}}, err
	case "TRUE", "FALSE":
		p.next()
		return &node{op: strings.ToLower(t)}, nil
	case OK, Alarm, Insufficient:
		p.next()
		return p.state(t)
	case "AT_LEAST":
		p.next()
		return p.least()
	case "(":
		p.next()
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	return nil, p.unexpected()
}

func (p *parser) state(state string) (*node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	return &node{op: "state", state: state, alarms: []string{name}}, p.expect(")")
}

// name reads an alarm's name or ARN, with or without quotes.
func (p *parser) name() (string, error) {
	t := p.peek()
	if t == "" || strings.Contains(signs, t) {
		return "", p.unexpected()
	}
	name := t
	if q := t[0]; q == '"' || q == '\'' {
		if len(t) < 3 || t[len(t)-1] != q {
			return "", p.unexpected()
		}
		name = strings.NewReplacer(`\\`, `\`, `\`+string(q), string(q)).Replace(t[1 : len(t)-1])
	}
	p.next()
	if !slices.Contains(p.alarms, name) {
		p.alarms = append(p.alarms, name)
	}
	return name, nil
}

// least reads AT_LEAST(2, ALARM, (a, b, c)), whose number may be percent and whose state may come after NOT.
func (p *parser) least() (*node, error) {
	n := &node{op: "least"}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	text, percent := strings.CutSuffix(p.peek(), "%")
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || percent && number > 100 {
		return nil, p.unexpected()
	}
	p.next()
	n.number, n.percent = number, percent
	if err := p.expect(","); err != nil {
		return nil, err
	}
	if n.not = p.peek() == "NOT"; n.not {
		p.next()
	}
	if n.state = p.peek(); n.state != OK && n.state != Alarm && n.state != Insufficient {
		return nil, p.unexpected()
	}
	p.next()
	for _, sign := range ",(" {
		if err := p.expect(string(sign)); err != nil {
			return nil, err
		}
	}
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		if n.alarms = append(n.alarms, name); len(n.alarms) > MaxAlarms {
			return nil, fmt.Errorf("AlarmRule names more than %d alarms", MaxAlarms)
		}
		if p.peek() != "," {
			break
		}
		p.next()
	}
	if !percent && number > len(n.alarms) {
		return nil, fmt.Errorf("AT_LEAST asks for %d of %d alarms", number, len(n.alarms))
	}
	for range 2 {
		if err := p.expect(")"); err != nil {
			return nil, err
		}
	}
	return n, nil
}
