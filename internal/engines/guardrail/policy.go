package guardrail

import "context"

// Action is what is done about a finding.
type Action string

// The actions.
const (
	None  Action = "NONE" // it is told only
	Block Action = "BLOCK"
	Mask  Action = "ANONYMIZE"
)

// Side is where a text is.
type Side int

// The sides.
const (
	Input Side = iota
	Output
)

// Actions are those on either side. "" means that the side is not looked at.
type Actions [2]Action

// Policy is what a guardrail looks for.
type Policy struct {
	Words     []Word
	Profanity Actions
	Topics    []Topic
	Filters   []Filter
	Entities  []Entity
	Patterns  []Pattern
	Grounding *Threshold // the answer is borne out by its source
	Relevance *Threshold // the answer is about the question
}

// Word is a word or phrase.
type Word struct {
	Text string
	Actions
}

// Topic is what is not to be talked about.
type Topic struct {
	Name, Definition string
	Examples         []string
	Actions
}

// Strength is how little is enough.
type Strength int

// The strengths, and how sure a finding is.
const (
	Off Strength = iota
	Low
	Medium
	High
)

// Filter is a kind of harmful content.
type Filter struct {
	Type     string // HATE, INSULTS, SEXUAL, VIOLENCE, MISCONDUCT, PROMPT_ATTACK
	Strength [2]Strength
	Actions
}

// Entity is a kind of personal data.
type Entity struct {
	Type string
	Actions
}

// Pattern is a regular expression.
type Pattern struct {
	Name, Regex string
	Actions
}

// Threshold is the least that an answer must score.
type Threshold struct {
	Least  float64
	Action Action
}

// Embed gives vectors of length 1 for texts; none when there is no model for them.
type Embed func(ctx context.Context, texts []string) ([][]float32, error)

// Kind is the policy that a finding is of.
type Kind int

// The kinds.
const (
	WordFound Kind = iota
	ProfanityFound
	TopicFound
	ContentFound
	EntityFound
	PatternFound
	GroundingFound
	RelevanceFound
)

// Finding is something that was found.
type Finding struct {
	Kind       Kind
	Name       string // the word, topic, type or pattern
	Regex      string
	Match      string
	Action     Action
	Confidence Strength // of content
	Strength   Strength // that the filter has
	Score      float64  // of grounding and relevance
	Least      float64
	span
}

// Result is what came of a text.
type Result struct {
	Findings []Finding
	Text     string // with what is masked
	Blocked  bool
	Masked   bool
}

// Intervened tells that the text was blocked or changed.
func (r Result) Intervened() bool { return r.Blocked || r.Masked }
