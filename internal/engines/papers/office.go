package papers

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// What a document of Office may cost.
const (
	maxParts    = 10_000   // files in the archive
	maxUnpacked = 64 << 20 // bytes of them all together
	maxDepth    = 256      // of XML
	maxSheets   = 1000
	maxColumns  = 2000 // of a row
	officeTime  = 30 * time.Second
)

// archive opens an Office document, which is a zip archive, and bounds what it unpacks to.
func archive(data []byte) (*zip.Reader, error) {
	if bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")) {
		return nil, fmt.Errorf("%w: it is in the old binary format, or has a password", ErrFormat)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: it is no Office document", ErrFormat)
	}
	if len(z.File) > maxParts {
		return nil, fmt.Errorf("%w: it has too many parts", ErrFormat)
	}
	left := uint64(maxUnpacked)
	for _, f := range z.File {
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("%w: it unpacks to more than %d MB", ErrFormat, maxUnpacked>>20)
		}
		left -= f.UncompressedSize64
	}
	return z, nil
}

// part opens one file of an archive. What is longer than it says is cut by the reader.
func part(z *zip.Reader, name string) (io.ReadCloser, bool) {
	for _, f := range z.File {
		if strings.EqualFold(f.Name, name) {
			r, err := f.Open()
			return r, err == nil
		}
	}
	return nil, false
}

// mainPart is where the text of a Word document lies.
func mainPart(z *zip.Reader) string {
	const usual = "word/document.xml"
	r, ok := part(z, "_rels/.rels")
	if !ok {
		return usual
	}
	defer func() { _ = r.Close() }()
	var rels struct {
		List []struct {
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if xml.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&rels) != nil {
		return usual
	}
	for _, x := range rels.List {
		if strings.HasSuffix(x.Type, "/officeDocument") {
			return strings.TrimPrefix(path.Clean("/"+x.Target), "/")
		}
	}
	return usual
}

// wordText gives the text of a Word document (docx), paragraphs as lines and the cells of a table with tabs between them.
func wordText(ctx context.Context, data []byte) (string, error) {
	z, err := archive(data)
	if err != nil {
		return "", err
	}
	r, ok := part(z, mainPart(z))
	if !ok {
		return "", fmt.Errorf("%w: it is no Word document", ErrFormat)
	}
	defer func() { _ = r.Close() }()
	ctx, cancel := context.WithTimeout(ctx, officeTime)
	defer cancel()
	return paragraphs(ctx, r)
}

// paragraphs reads the main part of a Word document.
func paragraphs(ctx context.Context, r io.Reader) (string, error) {
	var b strings.Builder
	d := xml.NewDecoder(io.LimitReader(r, maxUnpacked))
	text, depth, cells := false, 0, 0 // within w:t; how deep; within how many cells
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return "", ctx.Err()
		}
		token, err := d.RawToken() // names are as they are written: what is read has the prefix w
		if errors.Is(err, io.EOF) && depth == 0 {
			return strings.TrimSpace(b.String()), nil
		}
		if err != nil {
			return "", fmt.Errorf("%w: it is damaged", ErrFormat)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return "", fmt.Errorf("%w: it is too deep", ErrFormat)
			}
			switch name := token.Name.Local; {
			case name == "Fallback": // the same as before, for readers that don't know what is new
				if err := skip(d); err != nil {
					return "", err
				}
				depth--
			case token.Name.Space == "w":
				text = name == "t"
				switch name {
				case "tab":
					b.WriteByte('\t')
				case "br", "cr":
					b.WriteByte('\n')
				case "tc":
					cells++
				}
			}
		case xml.EndElement:
			depth--
			text = false
			if token.Name.Space != "w" {
				continue
			}
			switch token.Name.Local {
			case "p":
				if cells == 0 {
					b.WriteByte('\n')
				} else {
					b.WriteByte(' ')
				}
			case "tc":
				cells--
				b.WriteByte('\t')
			case "tr":
				b.WriteByte('\n')
			}
		case xml.CharData:
			if !text {
				continue
			}
			if b.Len()+len(token) > maxText {
				return "", fmt.Errorf("%w: it has too much text", ErrFormat)
			}
			b.Write(token)
		}
	}
}

// skip reads to the end of the element that has begun.
func skip(d *xml.Decoder) error {
	for depth := 1; depth > 0; {
		token, err := d.RawToken()
		if err != nil {
			return fmt.Errorf("%w: it is damaged", ErrFormat)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// sheetText gives the text of an Excel workbook (xlsx): each sheet's name, and its rows as they are shown, with tabs between the cells.
func sheetText(ctx context.Context, data []byte) (text string, err error) {
	if _, err := archive(data); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, officeTime)
	defer cancel()
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := sheets(ctx, data)
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err() // what is still read ends with the next row
	}
}

func sheets(ctx context.Context, data []byte) (text string, err error) {
	damaged := fmt.Errorf("%w: it is no Excel workbook, or damaged", ErrFormat)
	defer func() {
		if recover() != nil { // a file that the reader doesn't stand is the file's fault
			text, err = "", damaged
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err != nil {
		return "", damaged
	}
	defer func() { _ = book.Close() }()
	names := book.GetSheetList()
	if len(names) > maxSheets {
		return "", fmt.Errorf("%w: it has more than %d sheets", ErrFormat, maxSheets)
	}
	var b strings.Builder
	for _, name := range names {
		rows, err := book.Rows(name)
		if err != nil {
			continue // a chart
		}
		b.WriteString(name + ":\n")
		for empty := 0; rows.Next(); {
			if ctx.Err() != nil {
				_ = rows.Close()
				return "", ctx.Err()
			}
			cells, err := rows.Columns()
			if err != nil {
				_ = rows.Close()
				return "", damaged
			}
			if len(cells) == 0 { // at most one empty line, however many rows are
				empty++
				continue
			}
			if empty > 0 {
				b.WriteByte('\n')
				empty = 0
			}
			line := strings.Join(cells[:min(len(cells), maxColumns)], "\t")
			if b.Len()+len(line) > maxText {
				_ = rows.Close()
				return "", fmt.Errorf("%w: it has too much text", ErrFormat)
			}
			b.WriteString(line + "\n")
		}
		if err := rows.Close(); err != nil {
			return "", damaged
		}
		b.WriteByte('\n')
	}
	return strings.ToValidUTF8(strings.TrimSpace(b.String()), "\uFFFD"), nil
}
