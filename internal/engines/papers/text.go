// Package papers takes the text out of documents, for models that read nothing else: plain text, Markdown, CSV, HTML, PDF,
// Word and Excel.
package papers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxText bounds the text of a document, in bytes.
const maxText = 16 << 20

// ErrFormat is a document that isn't what it is said to be, or of a format that is not read.
var ErrFormat = errors.New("document cannot be read")

// Why is the reason of an error, for who sent the document.
func Why(err error) string {
	if errors.Is(err, ErrFormat) {
		return strings.TrimPrefix(err.Error(), ErrFormat.Error()+": ")
	}
	return "it could not be processed in time"
}

// Text gives the text of a document of a format: "txt", "md", "csv", "html", "pdf", "docx" or "xlsx". Errors are ErrFormat, or of ctx.
func Text(ctx context.Context, format string, data []byte) (string, error) {
	switch format {
	case "txt", "md", "csv":
		if !utf8.Valid(data) {
			return "", fmt.Errorf("%w: it is not UTF-8", ErrFormat)
		}
		return strings.TrimPrefix(string(data), "\uFEFF"), nil
	case "html":
		return htmlText(data)
	case "pdf":
		return pdfText(ctx, data)
	case "docx":
		return wordText(ctx, data)
	case "xlsx":
		return sheetText(ctx, data)
	case "doc", "xls":
		return "", fmt.Errorf("%w: the old binary formats of Office are not read: save it as %sx", ErrFormat, format)
	}
	return "", fmt.Errorf("%w: format %q is not supported", ErrFormat, format)
}

// htmlText keeps what a reader of the page would see, with its lines.
func htmlText(data []byte) (string, error) {
	if !utf8.Valid(data) {
		return "", fmt.Errorf("%w: it is not UTF-8", ErrFormat)
	}
	z := html.NewTokenizer(strings.NewReader(string(data)))
	z.SetMaxBuf(maxText)
	var b strings.Builder
	hidden := 0
	for {
		switch z.Next() {
		case html.ErrorToken: // at the end: HTML cannot be wrong
			return strings.TrimSpace(b.String()), nil
		case html.TextToken:
			if hidden == 0 {
				b.WriteString(collapsed(string(z.Text()), b.Len() == 0 || strings.HasSuffix(b.String(), "\n")))
			}
		case html.StartTagToken:
			if name, _ := z.TagName(); unseen(name) {
				hidden++
			} else if atom.Lookup(name) == atom.Body {
				hidden = 0 // whose head was left open
			} else if breaks(name) {
				b.WriteByte('\n')
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); unseen(name) {
				hidden = max(0, hidden-1)
			} else if breaks(name) {
				b.WriteByte('\n')
			} else if a := atom.Lookup(name); a == atom.Td || a == atom.Th {
				b.WriteByte('\t')
			}
		case html.SelfClosingTagToken:
			if name, _ := z.TagName(); breaks(name) {
				b.WriteByte('\n')
			}
		}
	}
}

func unseen(name []byte) bool {
	switch atom.Lookup(name) {
	case atom.Script, atom.Style, atom.Head, atom.Template, atom.Noscript:
		return true
	}
	return false
}

func breaks(name []byte) bool {
	switch atom.Lookup(name) {
	case atom.P, atom.Div, atom.Br, atom.Li, atom.Tr, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Table,
		atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Hr:
		return true
	}
	return false
}

// collapsed writes each run of white space as one blank, none at the beginning of a line.
func collapsed(s string, lineBegins bool) string {
	var b strings.Builder
	blank := lineBegins
	for _, r := range s {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String()
}
