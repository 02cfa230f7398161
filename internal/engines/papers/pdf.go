package papers

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
)

// What a PDF may cost. PDFium runs as WebAssembly: a hostile file can harm nothing but its own memory.
const (
	maxPages = 1000
	pdfTime  = 30 * time.Second
)

// reader is PDFium, started when the first PDF comes. One for the process: it takes seconds to compile.
var reader = sync.OnceValues(func() (pdfium.Pool, error) {
	return webassembly.Init(webassembly.Config{MinIdle: 0, MaxIdle: 1, MaxTotal: 2, ReuseWorkers: false})
})

func pdfText(ctx context.Context, data []byte) (string, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(data[:min(len(data), 1024)], "\x00\t\n\f\r "), []byte("%PDF-")) {
		return "", fmt.Errorf("%w: it is not a PDF", ErrFormat)
	}
	ctx, cancel := context.WithTimeout(ctx, pdfTime)
	defer cancel()
	pool, err := reader()
	if err != nil {
		return "", fmt.Errorf("cannot start PDFium: %w", err)
	}
	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot read PDF: %w", err)
	}
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := pages(instance, data)
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		_ = instance.Close()
		return r.text, r.err
	case <-ctx.Done():
		_ = instance.Kill()
		return "", ctx.Err()
	}
}

func pages(p pdfium.Pdfium, data []byte) (string, error) {
	doc, err := p.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		return "", fmt.Errorf("%w: it is damaged or has a password", ErrFormat)
	}
	defer func() { _, _ = p.FPDF_CloseDocument(&requests.FPDF_CloseDocument{Document: doc.Document}) }()
	n, err := p.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return "", fmt.Errorf("%w: it has no pages", ErrFormat)
	}
	if n.PageCount > maxPages {
		return "", fmt.Errorf("%w: it has more than %d pages", ErrFormat, maxPages)
	}
	var b strings.Builder
	for i := range n.PageCount {
		t, err := p.GetPageText(&requests.GetPageText{Page: requests.Page{ByIndex: &requests.PageByIndex{Document: doc.Document, Index: i}}})
		if err != nil {
			return "", fmt.Errorf("%w: page %d is damaged", ErrFormat, i+1)
		}
		if b.Len()+len(t.Text) > maxText {
			return "", fmt.Errorf("%w: it has too much text", ErrFormat)
		}
		b.WriteString(strings.ReplaceAll(t.Text, "\r\n", "\n"))
		b.WriteByte('\n')
	}
	return b.String(), nil
}
