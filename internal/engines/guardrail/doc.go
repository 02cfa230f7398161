// Package guardrail finds in a text what must not be there, and blocks or masks it: words, patterns, personal data, topics,
// harmful content, and answers that their source does not bear out.
//
// Nothing here guesses more than it says. Words and patterns are found exactly. Personal data is found by its form, with
// checksums where the form has them, and by what stands before it where it has none. Harmful content is found by lists of
// phrases. Topics are found by the words of their examples and, when a model of embeddings is there, by likeness.
package guardrail
