package models

import (
	"context"
	"encoding/json"
)

// Model is one foundation model. All methods end early when ctx does. They are safe for concurrent use.
type Model interface {
	// Stream answers a request. Each part of the answer is given to sink as it is written, when sink is not nil; sink's error
	// ends the work and is returned. The whole answer is returned too.
	Stream(ctx context.Context, r Request, sink Sink) (Answer, error)
	// Embed gives a vector for each text.
	Embed(ctx context.Context, texts []string) (Vectors, error)
	// Count tells how many tokens the request is before anything is answered.
	Count(ctx context.Context, r Request) (int, error)
}

// Sink takes the parts of an answer, in order.
type Sink func(Part) error

// Role is who says something.
type Role string

// The roles.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Request is what a model is asked.
type Request struct {
	System   string
	Turns    []Turn
	Prompt   string // continues this text as it is, with no template, when there are no turns
	Tools    []Tool
	Choice   Choice
	Sampling Sampling
}

// Turn is what one side says.
type Turn struct {
	Role    Role
	Content []Content
}

// Content is one of its members.
type Content struct {
	Text   string
	Image  *Image
	Use    *ToolUse    // by the assistant
	Result *ToolResult // by the user
}

// Image is a picture as a file.
type Image struct {
	Type string // "image/png"
	Data []byte
}

// Tool is a function that the model may ask to call.
type Tool struct {
	Name, Description string
	Schema            json.RawMessage // of its input, JSON Schema
}

// ToolUse is a call that the model asks for.
type ToolUse struct {
	ID, Name string
	Input    json.RawMessage // an object
}

// ToolResult is what came of a call.
type ToolResult struct {
	ID     string
	Text   string
	Failed bool
}

// Choice says whether tools are to be used.
type Choice struct {
	Any  bool   // one of them must be
	Tool string // this one must be
}

// Sampling says how the next token is chosen. What is nil is left to the driver.
type Sampling struct {
	MaxTokens   int // 0: as many as the model's context holds
	Temperature *float64
	TopP        *float64
	TopK        *int
	Seed        *int64
	Stop        []string
}

// Part is a piece of an answer that is being written. Pieces of one block come one after the other.
type Part struct {
	Block int      // which content of the answer it belongs to
	Text  string   // more text
	Use   *ToolUse // a call begins: its ID and Name
	Input string   // more of the call's input, JSON text
}

// Answer is what a model says.
type Answer struct {
	Content  []Content
	Stop     Stop
	Sequence string // the stop sequence that ended it
	Usage    Usage
}

// Stop is why an answer ended.
type Stop string

// The reasons.
const (
	EndTurn    Stop = "end_turn"
	MaxTokens  Stop = "max_tokens"
	AtSequence Stop = "stop_sequence"
	CallTools  Stop = "tool_use"
	Filtered   Stop = "content_filtered"
)

// Usage counts tokens.
type Usage struct{ Input, Output int }

// Vectors are embeddings in the order of their texts, of length 1 each.
type Vectors struct {
	List   [][]float32
	Tokens []int // of each text
}

// Text joins the text of an answer.
func (a Answer) Text() string {
	text := ""
	for _, c := range a.Content {
		text += c.Text
	}
	return text
}
